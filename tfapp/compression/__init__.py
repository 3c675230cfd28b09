"""Smaller models: pruned, taught by a larger one, with weights of few bits, of low rank."""
