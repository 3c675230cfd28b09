"""A small convolutional network: Conv 32, Conv 64, pool, Dense 128, as in many tutorials."""

import keras
import tensorflow as tf


class CNN(keras.Model):
    """For images of up to about 64 pixels a side."""

    def __init__(self, outputs=10, filters=(32, 64), hidden=128, dropout=0.0, **kwargs):
        """
        Args:
          outputs: number of classes, or of values to predict.
          filters: channels of the 3x3 convolutions.
          hidden: units of the dense layer.
          dropout: rate before the last layer; 0 for none.
        """
        super().__init__(**kwargs)
        self.convolutions = [keras.layers.Conv2D(n, 3) for n in filters]
        self.pool = keras.layers.MaxPooling2D()
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(hidden, activation="relu")
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = images
        for convolution in self.convolutions[:-1]:
            x = tf.nn.relu(convolution(x))
        # ReLU and max pooling commute, and after the pool ReLU has a quarter of the work.
        x = tf.nn.relu(self.pool(self.convolutions[-1](x)))
        x = self.hidden(self.flatten(x))
        return self.logits(self.dropout(x, training=training))
