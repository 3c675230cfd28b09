"""Metrics, one family a file: fixed-size sums that add up over batches, replicas and workers."""
