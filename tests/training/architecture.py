"""A model that somebody else designed, with random data, for tests that go through many of them."""

import typing
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfapp.training import unseeded

CLASSES = 5
BATCH = 4


class Architecture(typing.NamedTuple):
    """How a published network is built, as small as it goes, and how it is trained."""

    make: Callable  # () -> keras.Model with outputs [batch, CLASSES]
    inputs: Callable  # (np.random.Generator) -> inputs of a batch: an array, or a dict of arrays
    parameters: int  # how many it has
    has: str = ""  # what is unusual in it
    steps: int = 20  # fewer where 20 take too long on two cores
    rate: float = 1e-3  # of SGD with momentum


def build(architecture):
    """The model, with the same weights each time."""
    keras.utils.set_random_seed(1)
    model = architecture.make()
    inputs, _ = batches(architecture, 1)[0]
    model(inputs)  # makes the weights of a subclass
    unseeded.keep_generator(model, inputs, 1)
    return model


def batches(architecture, steps):
    """[(inputs, labels)]."""
    draw, made = np.random.default_rng(0), []
    for _ in range(steps):
        inputs = tf.nest.map_structure(tf.constant, architecture.inputs(draw))
        made.append((inputs, tf.constant(draw.uniform(0, 1, (BATCH, CLASSES)), tf.float32)))
    return made


def images(size):
    """Pixels of RGB images, as `Architecture.inputs`."""
    return lambda draw: draw.uniform(0, 255, (BATCH, size, size, 3)).astype("f4")
