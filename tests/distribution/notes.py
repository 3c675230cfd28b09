"""--model=tests.distribution.notes:Notes notes which examples it was trained on."""

import os

import keras
import numpy as np
import tensorflow as tf


def _note(values):
    """Appends them to the file of TFAPP_TEST_NOTES, a line each, as one write."""
    lines = "".join(f"{value!r}\n" for value in values.tolist())
    file = os.open(os.environ["TFAPP_TEST_NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, lines.encode())
    os.close(file)
    return np.float32(0)


class Notes(keras.Model):
    """A dense layer on one column, whose values tell one example from another."""

    def __init__(self, outputs):
        super().__init__()
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        values = tf.reshape(inputs, [-1])
        if training and not tf.executing_eagerly():
            noted = tf.numpy_function(_note, [values], tf.float32)
            values += tf.ensure_shape(noted, [])
        return self.head(values[:, None])
