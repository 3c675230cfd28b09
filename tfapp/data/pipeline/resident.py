"""The resident input engine: the split is in the device's memory, where batches are gathered.

Nothing is read from the host while a loop of steps runs. Every replica holds the whole split and
gathers its own slice of the global batch.
"""

import tensorflow as tf

from tfapp.data.pipeline import order
from tfapp.data.pipeline.device_arrays import DeviceArrays
from tfapp.data.pipeline.engine import Engine
from tfapp.data.splits.example_loader import SERVED
from tfapp.runtime import private_api
from tfapp.runtime.host import memory_available
from tfapp.spec import EXAMPLE_SEED


class ResidentInput(Engine):
    """Training batches in the global order from arrays on the device."""

    name = "resident"
    waits = False

    def __init__(self, split, *, strategy, batch_size, seed, with_seeds=False, device_type="CPU"):
        """
        Args:
          split: the training `Split`.
          strategy: the tf.distribute.Strategy.
          device_type: "CPU" or "GPU".
          batch_size: examples a step over all replicas.
          seed: of the global order.
          with_seeds: whether a batch holds EXAMPLE_SEED, for augmentation.
        """
        self._examples = {
            "num_examples": split.num_examples,
            "batch_size": batch_size,
            "seed": seed,
        }
        self._share = batch_size // strategy.num_replicas_in_sync
        self._with_seeds = with_seeds
        arrays = {name: array for name, array in split.arrays().items() if name != SERVED}
        self._arrays = DeviceArrays(arrays, strategy, device_type)
        self.inputs = self._arrays.inputs

    def restart(self, step):
        """Does nothing: the step alone determines the batch."""

    def pull(self, inputs, step):
        return inputs, step

    def batch(self, pulled, replica):
        inputs, step = pulled
        indices = order.batch_indices(
            step, first=replica * self._share, count=self._share, **self._examples
        )
        rows = self._arrays.gather(inputs, indices)
        if self._with_seeds:
            rows[EXAMPLE_SEED] = order.example_seeds(indices, step, **self._examples)
        return rows


def free_bytes(device_type):
    """Bytes of free memory: of the GPU that has the least, or of this machine."""
    if device_type == "GPU":
        # Of TensorFlow's share of each, which is nearly all of it and reserved at the start.
        limits = private_api.gpu_memory_limits()
        used = [
            tf.config.experimental.get_memory_info(f"GPU:{i}")["current"]
            for i in range(len(limits))
        ]
        return min(limit - current for limit, current in zip(limits, used, strict=True))
    return memory_available() or 4 << 30
