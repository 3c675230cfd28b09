"""Arrays of examples in a device's memory, of which batches are gathered there.

TensorFlow keeps int32 tensors of a GPU in the host's memory and gathers bytes on the host: an array
of either would travel between the two at every step that XLA does not compile (0.1 s for a gigabyte
of int32 on an H100). On a GPU such rows are kept as float32 of the same bits, and read back when
they have been gathered.
"""

import dataclasses

import numpy as np
import tensorflow as tf

_WORD = 4  # bytes of what stands for other types
_IN_WORDS = frozenset({"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32"})


@dataclasses.dataclass(frozen=True)
class _Row:
    """What a row of words stands for."""

    dtype: np.dtype
    shape: tuple[int, ...]

    def read(self, words):
        """Words, float32 [n, words] -> rows of the type, [n, *shape]."""
        kind = np.dtype(np.uint8) if self.dtype == np.bool_ else self.dtype
        values = tf.bitcast(words, tf.as_dtype(kind))
        count = int(np.prod(self.shape, dtype=np.int64))
        values = tf.reshape(values, (-1, words.shape[1] * _WORD // kind.itemsize))[:, :count]
        values = tf.reshape(values, (-1, *self.shape))
        return values != 0 if self.dtype == np.bool_ else values


class DeviceArrays:
    """The arrays of a split on the device, or on every replica's."""

    def __init__(self, arrays, strategy, device_type):
        """
        Args:
          arrays: name -> array [num_examples, ...].
          strategy: the tf.distribute.Strategy.
          device_type: "CPU" or "GPU".
        """
        self._rows = {}
        if device_type == "GPU":
            self._rows = {k: _Row(v.dtype, v.shape[1:]) for k, v in arrays.items() if _is_packed(v)}
        arrays = {k: _packed(v) if k in self._rows else v for k, v in arrays.items()}
        self.inputs = _place(arrays, strategy)

    def gather(self, inputs, indices):
        """The rows of one replica's `inputs` at `indices`, int64 [n]: name -> tensor [n, ...]."""
        rows = {name: tf.gather(array, indices) for name, array in inputs.items()}
        return rows | {name: row.read(rows[name]) for name, row in self._rows.items()}


def _is_packed(array):
    return isinstance(array, np.ndarray) and array.dtype.name in _IN_WORDS


def _packed(array):
    """[n, ...] -> float32 [n, words] of the same bits, with zeros at the end of a row."""
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    missing = -rows.shape[1] * rows.dtype.itemsize % _WORD
    if missing:
        rows = np.pad(rows, ((0, 0), (0, missing // rows.dtype.itemsize)))
    return rows.view(np.float32)


def _place(arrays, strategy):
    """Copies arrays to the device, or to every replica's."""
    if strategy.num_replicas_in_sync == 1:
        return {name: tf.constant(array) for name, array in arrays.items()}
    return {
        name: strategy.experimental_distribute_values_from_function(
            lambda context, array=array: tf.constant(array)
        )
        for name, array in arrays.items()
    }
