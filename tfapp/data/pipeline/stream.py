"""The stream input engine: tf.data on the host, in the same order, ahead of the device."""

from typing import NamedTuple

import tensorflow as tf

from tfapp.data.pipeline import order
from tfapp.data.pipeline.engine import Engine
from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.pipeline.pieces import INDICES, Pieces
from tfapp.data.splits.example_loader import SERVED
from tfapp.runtime import private_api
from tfapp.spec import EXAMPLE_SEED

_AHEAD = 4  # batches that are ready
_INFINITE = tf.data.INFINITE_CARDINALITY


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
        self.inputs = iterator(self._strategy, lambda part: self._dataset(part, step))

    def pull(self, inputs, step):
        del step  # the iterator keeps the position
        return next(inputs)

    def batch(self, pulled, replica):
        del replica  # tf.distribute gives each replica its own element
        return {name: value for name, value in pulled.items() if name != SERVED}

    def _dataset(self, part, first_step):
        """Elements are one replica's share each: all of a step in turn, then those of the next."""
        return read_pieces(
            self._split,
            self._share,
            lambda size: self._pieces(part, first_step, size),
            self._reader,
        )

    def _pieces(self, part, first_step, size):
        """`Pieces` of `size` examples, with their seeds, from global step `first_step` on."""
        pieces = self._examples["batch_size"] // size
        own, number_of = part.of(pieces)

        def draw(i):
            number = number_of(i)
            step, first = number // pieces, (number % pieces) * size
            indices = order.batch_indices(step, first=first, count=size, **self._examples)
            if not self._with_seeds:
                return {INDICES: indices}
            return {
                INDICES: indices,
                EXAMPLE_SEED: order.example_seeds(indices, step, **self._examples),
            }

        return Pieces(size, first_step * own, tf.int64.max, draw)


class Part(NamedTuple):
    """The part of each step that one worker reads: that of its own replicas."""

    worker: int = 0
    workers: int = 1

    def of(self, pieces):
        """Which of the pieces of a step are this worker's.

        Args:
          pieces: number of pieces in a step.

        Returns:
          (number of its own in a step, function from the count of its own pieces, those of the
          first step first, to the number of a piece among all).
        """
        own = pieces // self.workers
        first = self.worker * own
        if self.workers == 1:
            return own, lambda i: i
        return own, lambda i: i // own * pieces + first + i % own


def iterator(strategy, make_dataset):
    """An iterator over elements that are one replica's share of a batch each, in turn.

    `make_dataset`: the `Part` that this worker reads -> a data set.
    """
    if strategy.num_replicas_in_sync == 1:
        return iter(make_dataset(Part()))

    def of_worker(context):
        part = Part(context.input_pipeline_id, context.num_input_pipelines)
        dataset = make_dataset(part)
        if part.workers == 1:
            return dataset
        # Of a finite one the workers would ask each other at each step whether it is at its end.
        return dataset.apply(tf.data.experimental.assert_cardinality(_INFINITE))

    with private_api.untuned_device_buffers():
        return iter(strategy.distribute_datasets_from_function(of_worker))


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
