"""Depthwise convolution whose gradients are forward convolutions, which a processor computes fast.

TensorFlow's own kernel for the gradient of a depthwise filter takes 2 to 20 times as long on a
processor, and is worst in bfloat16; on a GPU cuDNN's are used.
"""

import keras
import tensorflow as tf

_STRIDES = [1, 1, 1, 1]


class DepthwiseConvolution(keras.layers.Layer):
    """[batch, height, width, channels] to the same shape: a filter and a bias for each channel."""

    def __init__(self, size, initializer, **kwargs):
        """
        Args:
          size: pixels a side of the filter, an odd number.
          initializer: of the filter.
        """
        super().__init__(**kwargs)
        self.size, self._initializer = size, initializer

    def build(self, shape):
        channels = shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.size, self.size, channels, 1),
            initializer=self._initializer,
        )
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")

    def call(self, x):
        kernel = tf.convert_to_tensor(keras.ops.cast(self.kernel, self.compute_dtype))
        if tf.config.list_logical_devices("GPU"):
            return tf.nn.depthwise_conv2d(x, kernel, _STRIDES, "SAME") + self.bias
        return convolve(x, kernel) + self.bias


@tf.custom_gradient
def convolve(x, kernel):
    """Depthwise convolution with padding, stride 1.

    Args:
      x: [batch, height, width, channels], height and width known.
      kernel: [size, size, channels, 1] of the same dtype, size odd.
    """

    def gradient(upstream):
        turned = tf.reverse(kernel, [0, 1])
        return (
            tf.nn.depthwise_conv2d(upstream, turned, _STRIDES, "SAME"),
            _kernel_gradient(x, upstream, kernel.shape[0]),
        )

    return tf.nn.depthwise_conv2d(x, kernel, _STRIDES, "SAME"), gradient


def _kernel_gradient(x, upstream, size):
    """[size, size, channels, 1]: each example's image convolved with its upstream gradient.

    Examples and channels together are the channels of one convolution, whose filters are the
    upstream gradients and whose outputs are the positions of the kernel.
    """
    _, height, width, channels = x.shape
    batch, pad = tf.shape(x)[0], [size // 2, size // 2]
    image = tf.pad(tf.transpose(x, (1, 2, 0, 3)), [pad, pad, [0, 0], [0, 0]])
    image = tf.reshape(image, (1, height + size - 1, width + size - 1, batch * channels))
    filters = tf.reshape(tf.transpose(upstream, (1, 2, 0, 3)), (height, width, batch * channels, 1))
    found = tf.nn.depthwise_conv2d(image, filters, _STRIDES, "VALID")
    found = tf.reshape(found, (size, size, batch, channels, 1))
    return tf.cast(tf.reduce_sum(tf.cast(found, tf.float32), 2), x.dtype)
