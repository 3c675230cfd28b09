"""The resident input engine: the split lives in the device's memory and batches are gathered there.

Nothing is read from the host while a loop of steps runs. Every replica holds the whole split and
gathers its own slice of the global batch.
"""

import tensorflow as tf
from tensorflow.python.client import device_lib

from tfapp.data.pipeline import order
from tfapp.data.splits.example_loader import SERVED
from tfapp.runtime.host import memory_available
from tfapp.spec import EXAMPLE_SEED


class ResidentInput:
    """Training batches in law order (order.py) from arrays on the device.

    `inputs` goes into the compiled loop as an argument; `pull(inputs, step)` runs once a step
    outside `strategy.run`; `batch(pulled, replica)` runs inside it, once a replica.
    """

    name = "resident"
    waits = False  # nothing is read from the host

    def __init__(self, split, *, strategy, batch_size, seed, with_seeds=False):
        """`with_seeds`: whether a batch holds EXAMPLE_SEED, for augmentation."""
        self._examples = {
            "num_examples": split.num_examples,
            "batch_size": batch_size,
            "seed": seed,
        }
        self._share = batch_size // strategy.num_replicas_in_sync
        self._with_seeds = with_seeds
        arrays = {name: array for name, array in split.arrays().items() if name != SERVED}
        self.inputs = place(arrays, strategy)

    def restart(self, step):
        """Nothing to rewind: the order needs the step alone."""

    def prepare(self, inputs):
        """Runs once a loop, before its first step."""
        return inputs

    def pull(self, inputs, step):
        return inputs, step

    def batch(self, pulled, replica):
        """The replica's slice of the step's global batch: a dict of tensors [share, ...]."""
        arrays, step = pulled
        indices = order.batch_indices(
            step, first=replica * self._share, count=self._share, **self._examples
        )
        rows = {name: tf.gather(array, indices) for name, array in arrays.items()}
        if self._with_seeds:
            rows[EXAMPLE_SEED] = order.example_seeds(indices, step, **self._examples)
        return rows


def place(arrays, strategy):
    """Copies arrays to the device, or to every replica's."""
    if strategy.num_replicas_in_sync == 1:
        return {name: tf.constant(array) for name, array in arrays.items()}
    return {
        name: strategy.experimental_distribute_values_from_function(
            lambda context, array=array: tf.constant(array)
        )
        for name, array in arrays.items()
    }


def free_bytes(device_type):
    """Memory that is free for data: of the GPU with the least, or of the machine."""
    if device_type == "GPU":
        # Of what TensorFlow may take of each: it holds nearly all of it from the start.
        limits = [d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU"]
        used = [
            tf.config.experimental.get_memory_info(f"GPU:{i}")["current"]
            for i in range(len(limits))
        ]
        return min(limit - current for limit, current in zip(limits, used, strict=True))
    return memory_available() or 4 << 30
