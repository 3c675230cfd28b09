"""One network that ends in logits, in each way of writing a softmax, and in a sigmoid.

For --model=tests.softmax_models:Ending --model_arg=end=NAME. All begin with the same weights.
"""

import keras
import tensorflow as tf


def exponential(z):
    return tf.exp(tf.nn.log_softmax(tf.cast(z, tf.float32)))


def quotient(z):
    z = keras.ops.cast(z, "float32")
    return keras.ops.exp(z) / keras.ops.sum(keras.ops.exp(z), -1, keepdims=True)


ENDS = {  # name -> () -> what is called with the logits
    "logits": lambda: keras.ops.copy,
    "dense": lambda: keras.ops.copy,
    "activation": lambda: keras.layers.Activation("softmax"),
    "layer": lambda: keras.layers.Softmax(),
    "ops": lambda: keras.ops.softmax,
    "activations": lambda: keras.activations.softmax,
    "tensorflow": lambda: tf.nn.softmax,
    "cast": lambda: lambda z: tf.cast(tf.nn.softmax(z), tf.float32),
    "exponential": lambda: exponential,
    "quotient": lambda: quotient,
    "function": lambda: tf.function(tf.nn.softmax),
}
HIDDEN = ("exponential", "quotient", "function")  # no softmax is seen at their end
SEEN = tuple(name for name in ENDS if name not in ("logits", *HIDDEN))


class Ending(keras.Model):
    """A hidden layer, and what `end` says."""

    def __init__(self, outputs=10, end="logits"):
        super().__init__()
        self.flatten, self.hidden = keras.layers.Flatten(), keras.layers.Dense(16, "relu")
        self.head = keras.layers.Dense(outputs, "softmax" if end == "dense" else None)
        self.end = ENDS[end]()

    def call(self, x):
        return self.end(self.head(self.hidden(self.flatten(x))))


class TrainsOnLogits(Ending):
    """Gives probabilities, except in training."""

    def call(self, x, training=False):
        logits = super().call(x)
        return logits if training else keras.ops.softmax(logits)


class DropsProbabilities(Ending):
    """Drops some of the probabilities in training, so that they are none."""

    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.dropout = keras.layers.Dropout(0.5)

    def call(self, x, training=False):
        return self.dropout(keras.ops.softmax(super().call(x)), training=training)


class OneUnit(Ending):
    """One output for two classes."""

    def __init__(self, end="sigmoid"):
        super().__init__(1)
        self.last = {
            "sigmoid": keras.ops.sigmoid,
            "tensorflow": tf.nn.sigmoid,
            "logit": lambda z: z,
            "hidden": lambda z: 1 / (1 + keras.ops.exp(-z)),
        }[end]

    def call(self, x):
        return self.last(super().call(x))


class TwoLogits(Ending):
    """What `OneUnit` stands for: 0 for the first class, its one output for the second."""

    def __init__(self):
        super().__init__(1)

    def call(self, x):
        z = super().call(x)
        return keras.ops.concatenate([keras.ops.zeros_like(z), z], axis=-1)


class EachItsSigmoid(Ending):
    """A sigmoid for each class."""

    def __init__(self, outputs=10):
        super().__init__(outputs)

    def call(self, x):
        return keras.ops.sigmoid(super().call(x))


def in_a_block(outputs=10, end="softmax"):
    """The last layer lies in a block, whose activations can be computed again."""
    last = keras.layers.Dense(outputs, None if end == "logits" else end)
    block = keras.Sequential([keras.layers.Dense(16, "relu"), last])
    return keras.Sequential([keras.layers.Flatten(), block])
