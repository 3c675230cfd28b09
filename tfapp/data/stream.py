"""The stream input engine: tf.data on the host, in the same order, ahead of the device."""

import tensorflow as tf

from tfapp.data import order


class StreamInput:
    """Training batches in law order (order.py) from a tf.data pipeline.

    The same three calls as `ResidentInput`; here `inputs` is an iterator that starts at any step.
    """

    name = "stream"
    waits = True  # for the host, if it is late

    def __init__(self, split, *, strategy, batch_size, seed):
        self._split = split
        self._strategy = strategy
        self._batch_size = batch_size
        self._seed = seed
        self._share = batch_size // strategy.num_replicas_in_sync
        self.inputs = None

    def restart(self, step):
        """Makes the next batch that of global step `step`."""
        if self._strategy.num_replicas_in_sync == 1:
            self.inputs = iter(self._dataset(step))
        else:
            self.inputs = iter(
                self._strategy.distribute_datasets_from_function(lambda _: self._dataset(step))
            )

    def prepare(self, inputs):
        """Runs once a loop, before its first step."""
        return inputs

    def pull(self, inputs, step):
        del step  # the iterator knows where it is
        return next(inputs)

    def batch(self, pulled, replica):
        del replica  # tf.distribute hands every replica its own element
        return pulled

    def _dataset(self, first_step):
        """Elements are one replica's share each: those of a step in turn, then the next step's."""
        replicas = self._strategy.num_replicas_in_sync
        slots = tf.data.Dataset.range(first_step * replicas, tf.int64.max)
        return slots.map(
            self._element, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        ).prefetch(tf.data.AUTOTUNE)

    def _element(self, slot):
        replicas = self._strategy.num_replicas_in_sync
        indices = order.batch_indices(
            slot // replicas,
            num_examples=self._split.num_examples,
            batch_size=self._batch_size,
            seed=self._seed,
            first=(slot % replicas) * self._share,
            count=self._share,
        )
        return self._split.fetch(indices)
