"""The stream input engine: tf.data on the host, in the same order, ahead of the device."""

from typing import NamedTuple

import tensorflow as tf

from tfapp.data.pipeline import order
from tfapp.data.pipeline.engine import Engine
from tfapp.data.splits.example_loader import SERVED
from tfapp.runtime.host import cores
from tfapp.spec import EXAMPLE_SEED, reserved_name

# Pieces that are read at a time, and batches that are ready. Fixed rather than tuned: tf.data's
# tuner starts with few and reconsiders only after seconds, which is long where a piece is many
# files; and deleting an iterator waits for the tuner to wake, up to a minute after a long run.
_PARALLEL = cores() + 1
_AHEAD = 4
_INFINITE = tf.data.INFINITE_CARDINALITY
INDICES = reserved_name("indices")  # of the examples in a piece


class StreamInput(Engine):
    """Training batches in the global order from a tf.data pipeline; `inputs` is its iterator."""

    name = "stream"
    waits = True

    def __init__(self, split, *, strategy, batch_size, seed, with_seeds=False):
        """See `ResidentInput`."""
        self._split = split
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
            self._split, self._share, lambda size: self._drawn(part, first_step, size)
        )

    def _drawn(self, part, first_step, size):
        """A data set of pieces of `size` examples: their indices, and their seeds."""
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

        return part.numbers(first_step, tf.int64.max // pieces, pieces).map(draw)


class Part(NamedTuple):
    """The part of each step that one worker reads: that of its own replicas."""

    worker: int = 0
    workers: int = 1

    def numbers(self, first_step, end, pieces):
        """A data set of the numbers of pieces from `first_step` up to `end`, `pieces` a step."""
        if self.workers == 1:
            return tf.data.Dataset.range(first_step * pieces, end * pieces)
        own = pieces // self.workers
        first = self.worker * own
        counted = tf.data.Dataset.range(first_step * own, end * own)
        return counted.map(lambda i: i // own * pieces + first + i % own)


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

    return iter(strategy.distribute_datasets_from_function(of_worker))


@tf.autograph.experimental.do_not_convert
def read_pieces(split, share, draw):
    """Reads examples in parallel, in order, a few batches ahead.

    Args:
      split: a `Split`.
      share: examples in an element of the result.
      draw: (size) -> a data set of {INDICES: int64 [size], ...}; other entries are passed on.

    Returns:
      a data set of dicts of tensors [share, ...].
    """
    size = split.chunk_size(share)

    def read(piece):
        indices = tf.ensure_shape(piece.pop(INDICES), [size])
        return {**split.load_chunk(indices, piece.get(EXAMPLE_SEED)), **piece}

    pieces = draw(size).map(read, num_parallel_calls=_PARALLEL, deterministic=True)
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
