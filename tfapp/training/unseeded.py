"""Layers that draw random numbers without a seed, from Keras's global generator.

Stochastic depth in keras.applications draws so, and many a Lambda layer. The generator's state is
none of the model's, so that it would be neither saved nor carried from step to step; the model is
given one of its own.
"""

import contextlib

import keras

from tfapp.runtime import private_api, private_random


def keep_generator(model, inputs, seed):
    """Has a model that draws without a seed in training keep the generator that it draws from.

    Args:
      model: a built `keras.Model`.
      inputs: of a few examples, for one call in training; no variable changes.
      seed: int, of the generator.

    Returns:
      whether it draws so. The state is then one of `model.non_trainable_variables`.
    """
    generator = keras.random.SeedGenerator(seed)
    scope = private_api.VariableValues([], [])
    # What fails in training, and why, is reported where the step is traced.
    with contextlib.suppress(Exception), private_random.global_generator(generator), scope:
        model(inputs, training=True)
    draws = id(generator.state) in scope.assigned
    if draws:
        private_random.keep_generator(model, generator)
    return draws
