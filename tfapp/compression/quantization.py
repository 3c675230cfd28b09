"""Quantisation-aware training: kernels take part as the few numbers that they will be.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", arXiv:1712.05877, sec. 3: forward and backward see rounded weights, the gradient passes
the rounding as if it were not there (Bengio et al., arXiv:1308.3432), and the optimizer changes
weights of full precision. tfapp.compression.grids has the numbers.

Evaluation and export see rounded weights too: a converter to 8 bits then finds the same integers.
"""

import tensorflow as tf

from tfapp.compression.grids import GRIDS
from tfapp.compression.kernels import kernels_of
from tfapp.errors import UsageError


class Quantization:
    """Rounds the kernels of one model.

    Attributes:
      grid: a `Grid`.
      kernels: the `Kernel`s that are rounded.
    """

    def __init__(self, model, name):
        """
        Args:
          model: a `keras.Model` that has been called.
          name: of --quantize, one of `GRIDS`.

        Raises:
          UsageError: it has nothing to round.
        """
        self.grid = GRIDS[name]
        self.kernels = kernels_of(model)
        if not self.kernels:
            raise UsageError(
                f"--quantize: the model {type(model).__name__} has no kernel of a dense or "
                "convolution layer; drop the flag"
            )

    def __call__(self, trainable):
        """Values of the model's trainable variables -> the same with kernels on the grid.

        The gradient of a rounded kernel is that of the kernel itself.
        """
        values = list(trainable)
        for kernel in self.kernels:
            values[kernel.position] = self._rounded(values[kernel.position], kernel.outputs_axis)
        return tuple(values)

    def _rounded(self, value, axis):
        # Not value + stop_gradient(rounded - value): that sum is off the grid by a bit.
        return tf.grad_pass_through(lambda whole: self.grid.on_grid(whole, axis))(value)
