"""Which devices a run uses."""
