"""The numbers that quantised weights may be: a few levels, times a scale for each output channel.

    int8      -127 to 127; -128 is not used, so that the grid is symmetric
    int4      -7 to 7, two of them in a byte
    float8    E4M3 of Micikevicius et al., "FP8 Formats for Deep Learning", arXiv:2209.05433: four
              bits of exponent, three of mantissa, up to 448

Weights have no zero point (Krishnamoorthi, arXiv:1806.08342, sec. 3.1), as in LiteRT and ONNX
Runtime. A scale is a float32 of 16 significant bits. So its product with a level is exact, rounding
a rounded kernel changes nothing, and what is read from a file is what was trained and measured.
"""

import abc

import numpy as np
import tensorflow as tf

_SIGNIFICANT = -256  # mask: clears the last 8 of a float32's 24 significant bits
_FLOAT8 = tf.dtypes.experimental.float8_e4m3fn


class Grid(abc.ABC):
    """One of the grids.

    Attributes:
      name: of --quantize.
      largest: of its levels.
    """

    name: str
    largest: float

    def on_grid(self, kernel, axis):
        """The kernel, float32, rounded to the grid.

        Args:
          kernel: float tensor.
          axis: of the output channels; the largest magnitude of each becomes the largest level.
        """
        levels, scale = self._levels_and_scale(kernel, axis)
        return levels * scale

    def pack(self, kernel, axis):
        """Eagerly: a kernel on the grid -> (its levels as kept, float32 scales that broadcast)."""
        levels, scale = self._levels_and_scale(kernel, axis)
        return self._packed(levels), scale

    def unpack(self, packed, scale, shape):
        """What `pack` gave -> float32 of `shape`, bit for bit the kernel."""
        return self._levels(packed, shape) * scale

    def _levels_and_scale(self, kernel, axis):
        kernel = tf.cast(kernel, tf.float32)
        others = [i for i in range(kernel.shape.rank) if i != axis % kernel.shape.rank]
        scale = tf.reduce_max(tf.abs(kernel), axis=others, keepdims=True) / self.largest
        scale = tf.bitcast(tf.bitcast(scale, tf.int32) & _SIGNIFICANT, tf.float32)
        scale = tf.where(scale > 0, scale, tf.ones_like(scale))
        return self._rounded(tf.clip_by_value(kernel / scale, -self.largest, self.largest)), scale

    def _rounded(self, values):
        """float32 within the grid's range -> the nearest levels, float32."""
        return tf.round(values)

    @abc.abstractmethod
    def _packed(self, levels):
        """float32 levels -> a tensor that holds them in few bytes."""

    @abc.abstractmethod
    def _levels(self, packed, shape):
        """The reverse, float32 of `shape`."""


class _Int8(Grid):
    name, largest = "int8", 127.0

    def _packed(self, levels):
        return tf.cast(levels, tf.int8)

    def _levels(self, packed, shape):
        return tf.cast(packed, tf.float32)


class _Int4(Grid):
    name, largest = "int4", 7.0

    def _packed(self, levels):
        """uint8 [half of them]: the first half in the low bits, so that each half is in one run."""
        flat = tf.reshape(tf.cast(levels + 8, tf.uint8), [-1])
        half = -(-flat.shape[0] // 2)
        flat = tf.pad(flat, [[0, 2 * half - flat.shape[0]]])
        return flat[:half] | tf.bitwise.left_shift(flat[half:], tf.constant(4, tf.uint8))

    def _levels(self, packed, shape):
        low, high = packed & 15, tf.bitwise.right_shift(packed, tf.constant(4, tf.uint8))
        flat = tf.concat([low, high], axis=0)[: shape.num_elements()]
        return tf.reshape(tf.cast(flat, tf.float32), shape) - 8


class _Float8(Grid):
    name, largest = "float8", 448.0

    def _rounded(self, values):
        return tf.cast(tf.cast(values, _FLOAT8), tf.float32)

    def _packed(self, levels):
        """uint8, their bits; on the host."""
        return tf.constant(tf.cast(levels, _FLOAT8).numpy().view(np.uint8))

    def _levels(self, packed, shape):
        # TensorFlow converts the type one by one, several times as slowly as it looks values up.
        values = np.arange(256, dtype=np.uint8).view(_FLOAT8.as_numpy_dtype).astype(np.float32)
        return tf.gather(values, tf.cast(packed, tf.int32))


GRIDS = {grid.name: grid for grid in (_Int8(), _Int4(), _Float8())}
