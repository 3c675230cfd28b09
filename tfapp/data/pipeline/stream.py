"""The stream input engine: tf.data on the host, in the same order, ahead of the device."""

import tensorflow as tf

from tfapp.data.pipeline import order
from tfapp.data.pipeline.engine import Engine
from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.pipeline.pieces import INDICES, Pieces
from tfapp.data.splits.example_loader import SERVED
from tfapp.spec import EXAMPLE_SEED

_AHEAD = 4  # batches that are ready


class StreamInput(Engine):
    """Training batches in the global order from a tf.data pipeline; `inputs` is its iterator."""

    name = "stream"
    waits = True

    def __init__(self, split, *, strategy, batch_size, seed, with_seeds=False, reader=HERE):
        """See `ResidentInput`; `reader` is a `PieceReader`."""
        self._split = split
        self._reader = reader
        self._strategy = strategy
        self._examples = {
            "num_examples": split.num_examples,
            "batch_size": batch_size,
            "seed": seed,
        }
        self._share = batch_size // strategy.num_replicas_in_sync
        self._with_seeds = with_seeds

    def restart(self, step):
        self.inputs = iterator(self._strategy, lambda: self._dataset(step))

    def pull(self, inputs, step):
        del step  # the iterator keeps the position
        return next(inputs)

    def batch(self, pulled, replica):
        del replica  # tf.distribute gives each replica its own element
        return {name: value for name, value in pulled.items() if name != SERVED}

    def _dataset(self, first_step):
        """Elements are one replica's share each: all of a step in turn, then those of the next."""
        return read_pieces(
            self._split, self._share, lambda size: self._pieces(first_step, size), self._reader
        )

    def _pieces(self, first_step, size):
        """`Pieces` of `size` examples, with their seeds, from global step `first_step` on."""
        pieces = self._examples["batch_size"] // size

        def draw(number):
            step, first = number // pieces, (number % pieces) * size
            indices = order.batch_indices(step, first=first, count=size, **self._examples)
            if not self._with_seeds:
                return {INDICES: indices}
            return {
                INDICES: indices,
                EXAMPLE_SEED: order.example_seeds(indices, step, **self._examples),
            }

        return Pieces(size, first_step * pieces, tf.int64.max, draw)


def iterator(strategy, make_dataset):
    """An iterator over elements that are one replica's share of a batch each, in turn."""
    if strategy.num_replicas_in_sync == 1:
        return iter(make_dataset())
    return iter(strategy.distribute_datasets_from_function(lambda _: make_dataset()))


def read_pieces(split, share, make_pieces, reader=HERE):
    """Reads examples in parallel, in order, a few batches ahead.

    Args:
      split: a `Split`.
      share: examples in an element of the result.
      make_pieces: (size) -> `Pieces` of `size` examples, a divisor of `share`.
      reader: a `PieceReader`.

    Returns:
      a data set of dicts of tensors [share, ...].
    """
    size = split.chunk_size(share)
    pieces = reader.read(split, make_pieces(size))
    if size < share:
        pieces = pieces.batch(share // size, drop_remainder=True).map(_joined)
    options = tf.data.Options()
    options.autotune.enabled = False
    return pieces.prefetch(_AHEAD).with_options(options)


def _joined(pieces):
    """[pieces, size, ...] -> [pieces * size, ...], without a copy."""
    return {
        name: tf.reshape(value, (value.shape[0] * value.shape[1], *value.shape[2:]))
        for name, value in pieces.items()
    }
