"""Batches for evaluation: from the device if the split fits there, else streamed from the host.

Examples that cannot be read do not count: their substitutes have weight 0.
"""

import math

import tensorflow as tf

from tfapp.data.pipeline.choose import resident_bytes
from tfapp.data.pipeline.device_arrays import DeviceArrays
from tfapp.data.pipeline.evaluation_input import EvaluationInput
from tfapp.data.pipeline.local_reader import HERE
from tfapp.data.pipeline.pieces import INDICES, Pieces
from tfapp.data.pipeline.stream import iterator, read_pieces
from tfapp.data.splits.example_loader import SERVED
from tfapp.spec import SAMPLE_WEIGHT, reserved_name

# Entries of a piece in addition to its examples: their indices, and whether each is one of its own.
_POSITION, _PRESENT = reserved_name("position"), reserved_name("present")


def evaluation_input(
    split, *, strategy, batch_size, device_type="CPU", allowed=math.inf, reader=HERE
):
    """Builds the `EvaluationInput` of one split.

    Args:
      split: a `Split`.
      strategy: the tf.distribute.Strategy.
      batch_size: examples a step over all replicas; a smaller split is one step of its own size.
      device_type: "CPU" or "GPU".
      allowed: bytes that the split may take on the device; a larger one is streamed.
      reader: the `PieceReader` of a split that is streamed.
    """
    resident = resident_bytes(split, strategy, device_type) <= allowed
    if resident:
        return ResidentEvaluation(
            split, strategy=strategy, batch_size=batch_size, device_type=device_type
        )
    return StreamedEvaluation(split, strategy=strategy, batch_size=batch_size, reader=reader)


class _Steps(EvaluationInput):
    """Divides a split into steps and shares of replicas."""

    def __init__(self, split, *, strategy, batch_size):
        self._strategy = strategy
        self._replicas = strategy.num_replicas_in_sync
        self._split = split
        self._num_examples = split.num_examples
        self._share = max(min(batch_size, split.num_examples) // self._replicas, 1)
        self.num_steps = -(-split.num_examples // (self._share * self._replicas))

    def _rows(self, start, size):
        """Indices of `size` rows from `start`, and whether each is an example of its own."""
        positions = start + tf.range(size, dtype=tf.int64)
        return tf.minimum(positions, self._num_examples - 1), positions < self._num_examples


class ResidentEvaluation(_Steps):
    """One split on the device; `batch` gathers a replica's part of a step."""

    waits = False

    def __init__(self, split, *, device_type="CPU", **options):
        super().__init__(split, **options)
        self._arrays = DeviceArrays(split.arrays(), self._strategy, device_type)

    def start(self):
        return self._arrays.inputs

    def pull(self, inputs, step):
        return inputs, step

    def batch(self, pulled, replica):
        inputs, step = pulled
        start = (tf.cast(step, tf.int64) * self._replicas + replica) * self._share
        indices, present = self._rows(start, self._share)
        return _weighed(self._arrays.gather(inputs, indices), indices, present)


class StreamedEvaluation(_Steps):
    """One split from tf.data."""

    waits = True

    def __init__(self, split, *, reader=HERE, **options):
        super().__init__(split, **options)
        self._reader = reader

    def start(self):
        return iterator(self._strategy, self._dataset)

    def pull(self, inputs, step):
        del step  # the iterator keeps the position
        return next(inputs)

    def batch(self, pulled, replica):
        del replica  # tf.distribute gives each replica its own element
        rows = dict(pulled)
        return _weighed(rows, rows.pop(_POSITION), rows.pop(_PRESENT))

    def _dataset(self, part):
        def pieces(size):
            own, number_of = part.of(self._replicas * self._share // size)

            def draw(i):
                return self._drawn(number_of(i), size)

            return Pieces(size, 0, self.num_steps * own, draw)

        return read_pieces(self._split, self._share, pieces, self._reader)

    def _drawn(self, number, size):
        indices, present = self._rows(number * size, size)
        return {INDICES: indices, _POSITION: indices, _PRESENT: present}


def _weighed(rows, indices, present):
    if SERVED in rows:
        present &= rows.pop(SERVED) == indices
    # A split may hold weights of its own: those of a table's rows.
    weights = tf.cast(rows.get(SAMPLE_WEIGHT, 1.0), tf.float32)
    return {**rows, SAMPLE_WEIGHT: tf.cast(present, tf.float32) * weights}
