"""Models that are built already: they are copied, and their weights are the initial ones.

A run may need the model more than once, with variables of its own under its strategy, and training
it must not change the user's.
"""

import contextlib
import inspect
import weakref

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.runtime import private_api
from tfapp.users_code import reason

_ORIGINALS = weakref.WeakKeyDictionary()  # copy -> the model it is a copy of


def copy_of(model, name):
    """A model of the same layers, with variables of its own.

    Args:
      model: a `keras.Model`.
      name: what messages call it.

    Raises:
      UsageError: Keras cannot copy it.
    """
    try:
        copy = _made_again(model)
    except Exception as error:  # of a user's own layers
        raise UsageError(
            f"--model={name}: is a built model that Keras cannot copy ({reason(error)}); name the "
            "class or a function that makes it"
        ) from error
    _ORIGINALS[copy] = model
    return copy


def original_of(model):
    """The built model that `model` is a copy of, or itself."""
    return _ORIGINALS.get(model, model)


def input_names(model):
    """Names of the inputs of a model that was made of `keras.Input`s; () for any other."""
    try:
        tensors, structure = model.inputs, model.input
    except AttributeError:  # a class of its own, or a Sequential without an input
        return ()
    tensors = tensors if isinstance(tensors, (list, tuple)) else ()
    if not all(isinstance(tensor, keras.KerasTensor) for tensor in tensors):
        return ()  # an attribute of the user's own
    named = isinstance(structure, dict)
    return tuple(structure) if named else tuple(tensor.name for tensor in tensors)


def take_weights(model):
    """Gives a copy, whose variables exist, the weights of its original, if that has any."""
    original = original_of(model)
    if original is not model and original.weights:
        model.set_weights(original.get_weights())


def precision_of(model, name):
    """The --precision in which the layers of a built model compute.

    Raises:
      UsageError: it is none of tfapp's.
    """
    found = {layer.compute_dtype for layer in private_api.layers_of(model) if layer.weights}
    found = sorted(found) or ["float32"]
    lower = [dtype for dtype in found if dtype != "float32"] or ["float32"]
    if len(lower) > 1 or lower[0] not in ("float32", "bfloat16", "float16"):
        raise UsageError(
            f"--model={name}: its layers compute in {', '.join(found)}; float32, or one of "
            "bfloat16 and float16 with it, can be trained"
        )
    return lower[0]


@contextlib.contextmanager
def recording():
    """Yields the set of ids of the tf.Variables that are made inside."""
    made = set()

    def creator(next_creator, **arguments):
        variable = next_creator(**arguments)
        made.add(id(variable))
        return variable

    with tf.variable_creator_scope(creator):
        yield made


def is_new(model, made):
    """Whether a model's variables, if it has any, are among those that `recording` found."""
    variables = model.variables
    return not variables or any(id(variable.value) in made for variable in variables)


def _made_again(layer):
    """A layer or model without the weights."""
    if isinstance(layer, keras.layers.Lambda):  # has no state, and its function no name
        return layer
    if isinstance(layer, keras.Sequential) or input_names(layer):
        return keras.models.clone_model(layer, clone_function=_made_again)
    kind, parameters = type(layer), inspect.signature(type(layer)).parameters.values()
    named = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    if named and isinstance(layer, keras.Model) and kind.get_config is keras.Model.get_config:
        # Keras 3.15 forgets a model's arguments: its configuration has the constructor's defaults.
        raise TypeError(f"{kind.__name__} lacks get_config, which gives its arguments")
    config = layer.get_config()
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        config = {key: value for key, value in config.items() if key in named}
    return kind.from_config(config)
