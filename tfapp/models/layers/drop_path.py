"""Stochastic depth: a residual branch is left out for some examples of a training batch."""

import keras


def drop_path(rate, rank):
    """A layer that sets whole examples of [batch, ...] to zero and scales the others.

    Huang et al., arXiv:1603.09382, drawn for each example as in Larsson et al., arXiv:1605.07648.

    Args:
      rate: share of the examples whose branch is left out.
      rank: number of axes of the branch, the batch included.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, *[1] * (rank - 1)))


def rates(last, depth):
    """The rate of each of `depth` blocks: from 0 for the first to `last`, in equal steps."""
    return [last * i / max(depth - 1, 1) for i in range(depth)]
