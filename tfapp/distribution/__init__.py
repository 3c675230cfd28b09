"""Which devices a run uses, and which processes take part in it."""
