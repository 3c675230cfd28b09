"""Examples by index: the contracts of sources, splits and readers, and what all formats share."""
