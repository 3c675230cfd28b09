"""Smaller models: pruned in training, taught by a larger one, or with weights of 8 bits."""
