"""Examples by index: contracts of sources, splits and readers, and what holds for every format."""
