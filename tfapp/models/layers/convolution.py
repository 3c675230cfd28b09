"""The convolution before a normalisation: without a bias, which the normalisation has."""

import keras


def convolution(filters, size=3, strides=1):
    """A `keras.layers.Conv2D` that keeps the sides, or divides them by `strides`.

    Args:
      filters: channels of the result.
      size: pixels a side of the kernel.
      strides: of both sides.
    """
    return keras.layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",  # He et al., arXiv:1502.01852
    )
