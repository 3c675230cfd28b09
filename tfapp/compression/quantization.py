"""Quantisation-aware training: kernels take part as the 8-bit numbers that they will be.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", arXiv:1712.05877, sec. 3: forward and backward see rounded weights, the gradient passes
the rounding as if it were not there (Bengio et al., arXiv:1308.3432), and the optimizer changes
weights of full precision. Weights are symmetric, without a zero point, with a scale for each output
channel (Krishnamoorthi, arXiv:1806.08342, sec. 3.1), as LiteRT and ONNX Runtime have them.

Evaluation and export see rounded weights too: a converter to 8 bits then finds the same integers.
"""

import tensorflow as tf

from tfapp.compression.kernels import kernels_of
from tfapp.errors import UsageError

_LARGEST = 127  # of the integers; -128 is not used, so that the grid is symmetric


class Quantization:
    """Rounds the kernels of one model."""

    def __init__(self, model):
        """
        Args:
          model: a `keras.Model` that has been called.

        Raises:
          UsageError: it has nothing to round.
        """
        self._kernels = kernels_of(model)
        if not self._kernels:
            raise UsageError(
                f"--quantize: the model {type(model).__name__} has no kernel of a dense or "
                "convolution layer; drop the flag"
            )

    def __call__(self, trainable):
        """Values of the model's trainable variables -> the same with kernels on the grid.

        The gradient of a rounded kernel is that of the kernel itself.
        """
        values = list(trainable)
        for kernel in self._kernels:
            value = values[kernel.position]
            rounded = on_grid(value, kernel.outputs_axis)
            values[kernel.position] = value + tf.stop_gradient(rounded - value)
        return tuple(values)


def on_grid(kernel, axis):
    """The kernel, float32, rounded to whole multiples of a scale, -127 to 127 of them.

    Args:
      kernel: float tensor.
      axis: of the output channels, each of which has a scale: its largest magnitude / 127.
    """
    others = [i for i in range(kernel.shape.rank) if i != axis % kernel.shape.rank]
    largest = tf.reduce_max(tf.abs(kernel), axis=others, keepdims=True)
    scale = tf.where(largest > 0, largest / _LARGEST, tf.ones_like(largest))
    steps = tf.clip_by_value(tf.round(kernel / scale), -_LARGEST, _LARGEST)
    return steps * scale
