"""Wide residual networks for small images: Zagoruyko & Komodakis, arXiv:1605.07146.

WRN-d-k: a 3x3 convolution and three stages of (d - 4) / 6 blocks with 16k, 32k and 64k channels.
Normalisation and ReLU come before each convolution (He et al., arXiv:1603.05027).
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.layers import FusedBatchNorm, convolution


class WideResNet(keras.Model):
    """WRN-`depth`-`width`."""

    def __init__(self, outputs=10, depth=28, width=10, dropout=0.0, synchronized=False, **kwargs):
        """
        Args:
          outputs: number of classes, or of values to predict.
          depth: number of layers, 6n + 4.
          width: factor of the channels, k of the paper.
          dropout: rate between the two convolutions of a block; 0 for none.
          synchronized: compute batch statistics over all replicas.
        """
        super().__init__(**kwargs)
        if depth < 10 or (depth - 4) % 6:
            raise UsageError(f"depth={depth}: must be 6n + 4: 10, 16, 22, 28, ...")
        self.stem = convolution(16)
        self.blocks = [
            PreActivationBlock(
                16 * width * 2**stage,
                strides=2 if stage and not block else 1,
                dropout=dropout,
                synchronized=synchronized,
            )
            for stage in range(3)
            for block in range((depth - 4) // 6)
        ]
        self.norm = FusedBatchNorm(synchronized=synchronized)
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.logits = keras.layers.Dense(outputs, kernel_initializer="he_normal", name="logits")

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = self.stem(images)
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.pool(tf.nn.relu(self.norm(x, training=training))))


class PreActivationBlock(keras.layers.Layer):
    """x + conv(dropout(relu(BN(conv(relu(BN(x)))))))."""

    def __init__(self, filters, *, strides, dropout, synchronized, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides
        self.norms = [FusedBatchNorm(synchronized=synchronized) for _ in range(2)]
        self.convolutions = [convolution(filters, 3, strides), convolution(filters)]
        self.dropout = keras.layers.Dropout(dropout)
        self.shortcut = None  # made where the shape changes

    def build(self, shape):
        if self.strides > 1 or shape[-1] != self.filters:
            self.shortcut = convolution(self.filters, 1, self.strides)

    def call(self, x, training=False):
        """[batch, height, width, channels] to the same, with the sides divided by the stride."""
        y = tf.nn.relu(self.norms[0](x, training=training))
        if self.shortcut is not None:
            x = self.shortcut(y)  # of the activations, as in the authors' code
        y = tf.nn.relu(self.norms[1](self.convolutions[0](y), training=training))
        return x + self.convolutions[1](self.dropout(y, training=training))
