"""`keras:NAME`: the networks of keras.applications, from random weights, for raw pixels.

Each has the preprocessing that it was published with inside: the function `preprocess_input` of its
module, or layers of its own. Nothing is fetched.
"""

import inspect
import re

import keras

from tfapp.errors import UsageError
from tfapp.models.inputs import one_image
from tfapp.models.preset import OF_KERAS
from tfapp.registry import suggest

# What the data decides, and what would fetch weights or leave the preprocessing out.
_DECIDED = (
    "weights", "include_top", "input_tensor", "input_shape", "pooling", "classes",
    "classifier_activation", "include_preprocessing", "name",
)  # fmt: skip


def names():
    """The networks of keras.applications, sorted."""
    found = vars(keras.applications).items()
    return sorted(name for name, value in found if inspect.isfunction(value))


def find(name):
    """The function that builds a network, with a signature of what --model_arg may give.

    Args:
      name: --model, "keras:NAME".

    Returns:
      a function of `outputs`, `inputs` and the network's own arguments, see `build_model`.

    Raises:
      UsageError: keras.applications has no such network.
    """
    network = name.removeprefix(OF_KERAS)
    if network not in names():
        near = suggest(network, names()).replace("'", f"'{OF_KERAS}", 1)
        raise UsageError(
            f"--model={name}: keras.applications has no network of this name{near} (it has "
            f"{', '.join(names())})"
        )
    target = vars(keras.applications)[network]

    def build(outputs, inputs, **arguments):
        return _build(target, outputs, inputs, arguments)

    own = [p for p in inspect.signature(target).parameters.values() if p.name not in _DECIDED]
    given = [inspect.Parameter(p, inspect.Parameter.KEYWORD_ONLY) for p in ("outputs", "inputs")]
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    build.__signature__ = inspect.Signature([*given, *own])
    return build


def _build(target, outputs, inputs, arguments):
    height, width, channels = _shape(inputs)
    pixels = keras.Input((height, width, channels), name=inputs[0].name)
    x = pixels if channels == 3 else keras.layers.Concatenate()([pixels] * 3)
    x = _preprocessing(target)(x)
    try:
        network = target(
            weights=None,
            input_tensor=x,
            input_shape=(height, width, 3),
            classes=outputs,
            classifier_activation=None,
            **arguments,
        )
    except ValueError as error:
        least = re.search(r"at least (\d+)x\d+", str(error))
        if least is None:
            raise
        raise UsageError(
            f"takes images of at least {least[1]}x{least[1]} pixels, and these have "
            f"{height}x{width}; use --image_size={least[1]} or more"
        ) from error
    return keras.Model(pixels, network.output)  # its own inputs are a list


def _shape(inputs):
    """[height, width, channels] of the one image of the data."""
    shape = one_image(inputs).shape
    if shape[-1] not in (1, 3):
        raise UsageError(f"takes images of 1 or 3 channels, and these have {shape[-1]}")
    return shape


def _preprocessing(target):
    """The function `preprocess_input` of a network's module."""
    module = vars(keras.applications)[target.__module__.rpartition(".")[2]]
    return module.preprocess_input
