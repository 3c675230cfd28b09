"""A layer in a small model with random data, for tests that go through many layers."""

import typing
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

EQUAL = "equal"  # to a plain loop, with the same random draws
RUNS = "runs"  # the same for each run of a seed, but not what a plain loop does
REFUSED = "refused"  # in one line, before the first step


class Case(typing.NamedTuple):
    """A layer in a model: a layer to train, the layer, a dense head."""

    make: Callable  # () -> the layer
    inputs: str = "vector"  # key of INPUTS
    call: Callable | None = None  # (layer, hidden, training) -> outputs; None: layer(hidden)
    after_build: Callable | None = None  # (layer), once its variables exist
    train_before: bool = True  # whether a trained layer comes first; not where it takes integers
    result: str = EQUAL
    why: str = ""  # of a result other than EQUAL


def floats(*shape):
    return lambda draw: draw.uniform(0, 1, (8, *shape)).astype("f4")


INPUTS = {
    "vector": floats(6),
    "sequence": floats(5, 4),
    "image": floats(8, 8, 3),
    "volume": floats(4, 4, 4, 2),
    "frames1": floats(3, 6, 2),
    "frames2": floats(3, 6, 6, 2),
    "frames3": floats(3, 3, 3, 3, 2),
    "sound": floats(128),
    "signal": floats(128, 1),
    "tokens": lambda draw: draw.integers(1, 9, (8, 5)).astype("i4"),
}


class Around(keras.Model):
    """A layer between one that is trained through it and a head."""

    def __init__(self, case):
        super().__init__()
        self.layer = case.make()
        self.case = case
        self.before, self.head = None, keras.layers.Dense(2)

    def build(self, shape):
        if self.case.train_before:
            self.before = keras.layers.Dense(shape[-1], "sigmoid", kernel_initializer="identity")

    def call(self, inputs, training=False):
        hidden = self.before(inputs) if self.before else inputs
        call = self.case.call or call_layer
        outputs = tf.cast(call(self.layer, hidden, training), tf.float32)
        width = int(np.prod(outputs.shape[1:]))
        return self.head(keras.ops.reshape(outputs, (-1, width)))


def call_layer(layer, x, training):
    """With `training`, for layers that take it."""
    takes = "training" in layer.call_signature_parameters
    return layer(x, training=training) if takes else layer(x)


def build(case):
    """The `Around` of a case, its variables made, the same each time."""
    keras.utils.set_random_seed(1)
    model = Around(case)
    inputs, _ = batches(case, 1)[0]
    model(inputs)
    if case.after_build:
        case.after_build(model.layer)
    return model


def batches(case, steps):
    """[(inputs, labels)]."""
    draw = np.random.default_rng(0)
    made = [(INPUTS[case.inputs](draw), draw.uniform(0, 1, (8, 2))) for _ in range(steps)]
    return [(tf.constant(x), tf.constant(y, tf.float32)) for x, y in made]
