"""Models of digits by --model=tests.foreign_models:NAME, of parts that others designed."""

import keras

from tests.training.applications import small_convnext
from tests.training.foreign_parts import StochasticDepth

L = keras.layers


def _images(size):
    inputs = keras.Input((8, 8, 1))
    pixels = L.Resizing(size, size)(L.Rescaling(255.0)(inputs))
    return inputs, L.Concatenate()([pixels] * 3)


def transfer(outputs):
    """The guide to transfer learning: a frozen base, in inference, and a head."""
    inputs, pixels = _images(32)
    base = keras.applications.MobileNet(
        alpha=0.25, weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3)
    )
    base.trainable = False
    scaled = keras.applications.mobilenet.preprocess_input(pixels)
    hidden = L.Dropout(0.2)(base(scaled, training=False))
    return keras.Model(inputs, L.Dense(outputs)(hidden))


def convnext(outputs, drop_path_rate=0.0):
    """Without statistics, and without draws unless there is a rate: replicas compute the same."""
    inputs, pixels = _images(32)
    base = small_convnext(drop_path_rate=drop_path_rate)
    return keras.Model(inputs, L.Dense(outputs)(base(pixels)))


def random(outputs):
    """Dropout, draws without a seed, statistics."""
    layers = [L.Conv2D(8, 3), L.BatchNormalization(), L.ReLU(), L.Flatten(), StochasticDepth()]
    layers += [L.Dropout(0.3), L.Dense(outputs)]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


class Kept(keras.Model):
    """A weight records the two numbers that a step drew without a seed."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = L.Flatten(), L.Dense(outputs)

    def build(self, shape):
        self.drawn = self.add_weight(shape=(2,), initializer="zeros", trainable=False, name="drawn")

    def call(self, inputs, training=False):
        if training:
            self.drawn.assign(keras.random.uniform((2,)))
        return self.head(self.flatten(inputs))


class Residual(L.Layer):
    """A block that drops its own path, by what is drawn without a seed."""

    def __init__(self):
        super().__init__()
        self.dense, self.drop = L.Dense(64, "relu"), StochasticDepth()

    def call(self, inputs, training=False):
        return inputs + self.drop(self.dense(inputs), training=training)


def residual(outputs):
    layers = [L.Flatten(), Residual(), Residual(), L.Dense(outputs)]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])
