"""A batch in parts that are computed side by side, instead of each operation on all cores in turn.

TensorFlow divides an operation among the cores of a CPU, which wait for one another at its end; and
what does not divide well leaves cores idle. Parts of a batch are chains of operations of their own:
a core goes through one of them, and what it has just computed is still in its cache.
"""

import functools

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.training.sums import add_sums


def in_parts(one_batch, parts, shifted):
    """`one_batch` over `parts` of a batch, independent of each other in the graph.

    Args:
      one_batch: (values, batch) -> `Gradients`, whose gradients and sums add up over examples.
      parts: how many; of a batch that divides into them.
      shifted: (values, number of a part) -> values with which that part draws random numbers of its
        own; those of part 0 are the values themselves.

    Returns:
      a function of the same arguments and result; what the forward pass leaves is that of part 0.
    """
    if parts == 1:
        return one_batch

    def divided(values, batch):
        pieces = split(batch, parts)
        each = [one_batch(shifted(values, i), piece) for i, piece in enumerate(pieces)]
        if each[0].assigned:
            raise UsageError(
                f"--cpu_parts={parts}: a layer of the model assigns weights in its call; drop it"
            )
        grads = tuple(tf.add_n(of_parts) for of_parts in zip(*(e.grads for e in each), strict=True))
        return each[0]._replace(grads=grads, sums=total(e.sums for e in each))

    return divided


def split(batch, parts):
    """A dict of tensors [batch, ...] as `parts` such dicts, into which the batch divides."""
    divided = {name: tf.split(value, parts) for name, value in batch.items()}
    return [{name: value[i] for name, value in divided.items()} for i in range(parts)]


def total(sums):
    """The sums over all parts, see `metric_sums`."""
    return functools.reduce(add_sums, sums)
