"""Models that can or cannot be exported, and their weights."""

import keras
import numpy as np
import tensorflow as tf


def weights_of(model, change=0.0):
    """(trainable, others) as a `Servable` takes them; `change` moves each output differently."""
    return (
        [
            v.numpy() + change * np.arange(v.shape[-1], dtype="f4")
            for v in model.trainable_variables
        ],
        [v.numpy() for v in model.non_trainable_variables],
    )


class Counting(keras.Model):
    """A linear model of images; `calls` counts the calls of its Python code."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = 0
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(3)

    def call(self, inputs):
        self.calls += 1
        return self.head(self.flatten(inputs))


class Untracked(Counting):
    """Uses a variable that neither Keras nor the export knows of."""

    def __init__(self):
        super().__init__()
        hidden = tf.Variable(2.0, name="hidden_factor")
        self.factor = lambda: hidden

    def call(self, inputs):
        return super().call(inputs) * self.factor()


class FixedBatch(Counting):
    """Works on batches of a known size only, as an exported model cannot."""

    def call(self, inputs):
        if inputs.shape[0] is None:
            raise ValueError("some context\nthe batch has no size")
        return super().call(inputs)
