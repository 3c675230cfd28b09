"""A plain convolutional network for photographs of about 64 to 256 pixels a side.

A strided stem, then stages of two 3x3 convolutions with batch normalisation, each of which halves
the sides and doubles the channels; global average pooling; dropout; a dense layer.
"""

import keras
import tensorflow as tf

from tfapp.models.layers import FusedBatchNorm, convolution


class SmallCNN(keras.Model):
    """About a million parameters with the defaults."""

    def __init__(self, outputs=10, width=32, stages=4, dropout=0.2, synchronized=False, **kwargs):
        """
        Args:
          outputs: number of classes, or of values to predict.
          width: channels of the first stage.
          stages: number of stages; each halves the sides and doubles the channels.
          dropout: rate before the last layer; 0 for none.
          synchronized: compute batch statistics over all replicas.
        """
        super().__init__(**kwargs)
        self.stem = convolution(width, strides=2)
        self.stem_norm = FusedBatchNorm(synchronized=synchronized)
        self.convolutions, self.norms = [], []
        for stage in range(stages):
            for strides in (2, 1):
                self.convolutions.append(convolution(width * 2**stage, strides=strides))
                self.norms.append(FusedBatchNorm(synchronized=synchronized))
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = tf.nn.relu(self.stem_norm(self.stem(images), training=training))
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            x = tf.nn.relu(norm(convolve(x), training=training))
        return self.logits(self.dropout(self.pool(x), training=training))
