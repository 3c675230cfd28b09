"""Batches for evaluation: in stored order, the last one filled up with rows of weight 0."""

import tensorflow as tf

from tfapp.data.resident import place
from tfapp.spec import SAMPLE_WEIGHT


class EvaluationInput:
    """One split on the device; `batch` gathers a replica's part of a step."""

    def __init__(self, split, *, strategy, batch_size):
        """`batch_size`: examples a step over all replicas, fitted to small splits."""
        replicas = strategy.num_replicas_in_sync
        self._replicas = replicas
        self._num_examples = split.num_examples
        self._share = max(min(batch_size, split.num_examples) // replicas, 1)
        self.num_steps = -(-split.num_examples // (self._share * replicas))
        self.tensors = place(split.arrays(), strategy)

    def batch(self, tensors, step, replica):
        """Dict of tensors [share, ...] with SAMPLE_WEIGHT 1, or 0 for a row beyond the last."""
        start = (tf.cast(step, tf.int64) * self._replicas + replica) * self._share
        positions = start + tf.range(self._share, dtype=tf.int64)
        indices = tf.minimum(positions, self._num_examples - 1)
        rows = {name: tf.gather(array, indices) for name, array in tensors.items()}
        rows[SAMPLE_WEIGHT] = tf.cast(positions < self._num_examples, tf.float32)
        return rows
