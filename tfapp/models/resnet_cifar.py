"""Residual networks for small images, as for CIFAR-10 in He et al., arXiv:1512.03385, sec. 4.2.

Three stages of n blocks with 16, 32 and 64 channels; 6n+2 layers. Where the size changes, the
shortcut is strided and padded with zero channels (option A), so it has no weights.
"""

import keras
import tensorflow as tf

from tfapp.models.layers import FusedBatchNorm, convolution


class ResNetCifar(keras.Model):
    """A ResNet with 6 * blocks + 2 layers."""

    def __init__(self, outputs=10, blocks=3, width=16, synchronized=False, **kwargs):
        """
        Args:
          outputs: number of classes, or of values to predict.
          blocks: residual blocks in each stage; 3 gives ResNet-20.
          width: channels of the first stage.
          synchronized: compute batch statistics over all replicas.
        """
        super().__init__(**kwargs)
        self.stem = convolution(width)
        self.stem_norm = FusedBatchNorm(synchronized=synchronized)
        self.blocks = [
            ResidualBlock(width * 2**stage, 2 if stage and not block else 1, synchronized)
            for stage in range(3)
            for block in range(blocks)
        ]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.logits = keras.layers.Dense(outputs, kernel_initializer="he_normal", name="logits")

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = tf.nn.relu(self.stem_norm(self.stem(images), training=training))
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.pool(x))


class ResidualBlock(keras.layers.Layer):
    """relu(x + BN(conv(relu(BN(conv(x))))))."""

    def __init__(self, filters, strides, synchronized, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides
        self.conv1, self.conv2 = convolution(filters, strides=strides), convolution(filters)
        self.norm1 = FusedBatchNorm(synchronized=synchronized)
        self.norm2 = FusedBatchNorm(synchronized=synchronized)

    def call(self, x, training=False):
        y = tf.nn.relu(self.norm1(self.conv1(x), training=training))
        y = self.norm2(self.conv2(y), training=training)
        return tf.nn.relu(y + self._shortcut(x))

    def _shortcut(self, x):
        missing = self.filters - x.shape[-1]
        if self.strides > 1:
            # Equal to x[:, ::s, ::s], whose kernel is eight times slower forward and backward.
            x = tf.nn.avg_pool2d(x, 1, self.strides, "VALID")
        if missing:
            x = tf.pad(x, [[0, 0], [0, 0], [0, 0], [missing // 2, missing - missing // 2]])
        return x
