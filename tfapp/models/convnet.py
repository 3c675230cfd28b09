"""A convolutional network that follows the size of small images, for a processor as for a GPU.

A 3x3 convolution, then stages of a strided 3x3 convolution that doubles the channels and residual
ones that keep them, each with batch normalisation: a ResNet (He et al., arXiv:1512.03385) of few
and wide layers, which a processor computes faster than many narrow ones.
"""

import keras
import tensorflow as tf

from tfapp.models.inputs import one_image
from tfapp.models.layers import FusedBatchNorm, convolution

_LARGE = 40  # pixels a side; larger images are halved by the first convolution


class ConvNet(keras.Model):
    """For images of about 16 to 64 pixels a side; half a million parameters with the defaults."""

    def __init__(
        self,
        inputs,
        outputs=10,
        width=32,
        residual=(1, 1, 0),
        dropout=0.0,
        synchronized=False,
        **kwargs,
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "image".
          outputs: number of classes, or of values to predict.
          width: channels of the first convolution.
          residual: for each stage, how many convolutions that keep the shape follow the strided
            one.
          dropout: rate before the last layer; 0 for none.
          synchronized: compute batch statistics over all replicas.
        """
        super().__init__(**kwargs)
        shape = one_image(inputs).shape
        stem = ConvNorm(width, 2 if min(shape[:2]) > _LARGE else 1, synchronized)
        self.blocks = [stem]
        for stage, count in enumerate(residual, start=1):
            filters = width * 2**stage
            self.blocks.append(ConvNorm(filters, 2, synchronized))
            self.blocks += [ConvNorm(filters, 0, synchronized) for _ in range(count)]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = images
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.dropout(self.pool(x), training=training))


class ConvNorm(keras.layers.Layer):
    """relu(BN(conv(x))), or with strides of 0 relu(x + BN(conv(x)))."""

    def __init__(self, filters, strides, synchronized, **kwargs):
        super().__init__(**kwargs)
        self.residual = not strides
        self.convolution = convolution(filters, strides=strides or 1)
        self.norm = FusedBatchNorm(synchronized=synchronized)

    def call(self, x, training=False):
        """[batch, height, width, channels] to the same, with the sides divided by the stride."""
        y = self.norm(self.convolution(x), training=training)
        return tf.nn.relu(x + y if self.residual else y)
