"""A model that its author has built already: each run trains a copy, and leaves it as it is.

So a configuration gives the same result however often it is run, a copy can be made for every
precision that is measured and for every kind of devices, and a run that continues begins from the
weights that it began from at first.

Keras cannot copy a subclassed model: the configuration that it makes up for one holds the default
arguments of the constructor, whatever the model was made with. Such a model is copied attribute by
attribute, its layers from their configurations.
"""

import contextlib
import functools
import inspect
import types
import weakref

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.runtime import private_api
from tfapp.users_code import reason

_BASE = {"name", "trainable", "dtype"}  # what Keras adds to the arguments of any constructor
_KERAS_OWN = (keras.Layer.from_config.__func__, keras.Model.from_config.__func__)
_ANOTHER_WAY = "cannot be copied; give its class, or a function that makes it"


_ORIGINALS = weakref.WeakKeyDictionary()  # copy -> the model it is a copy of


def copy_of(model, name):
    """A new model like `model`, whose layers compute in the dtype policy that is set.

    Its weights are new: `take_weights` copies them, once the copy has been called.

    Args:
      model: a `keras.Model`.
      name: --model.

    Raises:
      UsageError: it cannot be made a second time.
    """
    try:
        copy = _copy(model, {})
    except Exception as error:  # a user's layer may raise anything
        raise UsageError(f"--model={name}: {_ANOTHER_WAY} ({reason(error)[:150]})") from error
    _ORIGINALS[copy] = model
    return copy


def original_of(model):
    """The built model that `model` is a copy of, or itself."""
    return _ORIGINALS.get(model, model)


def take_weights(copy, name):
    """Gives a copy that has been called what its original has come to; leaves any other model.

    These are its weights, if it has been built, and which of its layers are frozen.

    Args:
      copy: a model that may be one of `copy_of`.
      name: --model.

    Raises:
      UsageError: the copy has other layers or weights.
    """
    model = original_of(copy)
    if model is copy:
        return
    layers, originals = private_api.layers_of(copy), private_api.layers_of(model)
    if len(layers) != len(originals) and any(not layer.trainable for layer in originals):
        raise UsageError(
            f"--model={name}: {_ANOTHER_WAY} (it has {len(originals)} layers, some of them frozen, "
            f"its copy has {len(layers)})"
        )
    for layer, original in zip(layers, originals, strict=False):  # outer layers before inner ones
        layer.trainable = original.trainable
    if not model.built:
        return
    mine, theirs = copy.variables, model.variables
    if [tuple(v.shape) for v in mine] != [tuple(v.shape) for v in theirs]:
        raise UsageError(
            f"--model={name}: {_ANOTHER_WAY} (it has {len(theirs)} weights, its copy has "
            f"{len(mine)}, or they differ in shape)"
        )
    for variable, value in zip(mine, theirs, strict=True):
        variable.assign(value)


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


def _copy(value, copies):
    """A copy of a layer, or of what holds layers; other values as they are.

    Args:
      copies: id of what has been copied -> its copy: a layer that is used twice stays one.
    """
    if id(value) in copies:
        return copies[id(value)]
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(part, copies) for part in value)
    if isinstance(value, dict):
        return {key: _copy(part, copies) for key, part in value.items()}
    if isinstance(value, types.MethodType):
        return types.MethodType(value.__func__, _copy(value.__self__, copies))
    if isinstance(value, keras.random.SeedGenerator):
        return type(value).from_config(value.get_config())
    if isinstance(value, keras.Variable):
        raise ValueError(f"the weight {value.path} belongs to no layer")
    if not isinstance(value, keras.Layer):
        return value
    copies[id(value)] = copy = _copy_layer(value, copies)
    return copy


def _copy_layer(layer, copies):
    if isinstance(layer, keras.layers.Lambda):
        return layer  # it has no weights, and its configuration does not hold its function
    if isinstance(layer, (keras.Sequential, _functional())):
        inner = functools.partial(_copy, copies=copies)
        return keras.models.clone_model(layer, clone_function=inner, recursive=True)
    if type(layer).get_config is keras.Layer.get_config and isinstance(layer, keras.Model):
        return _by_attributes(layer, copies)
    kind = type(layer)
    config = _with_policy(layer.get_config(), keras.config.dtype_policy().name)
    parameters = inspect.signature(kind).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        # A from_config of the layer's own may take other names than its constructor.
        left = () if kind.from_config.__func__ in _KERAS_OWN else config.keys() - _BASE
        config = {k: v for k, v in config.items() if k in parameters or k in left}
    return kind.from_config(config)


def _by_attributes(model, copies):
    copy = type(model).__new__(type(model))
    keras.Model.__init__(copy)
    copies[id(model)] = copy
    of_keras = set(vars(copy))
    for name, value in vars(model).items():
        # TensorFlow's own record of what a model depends on is made anew as attributes are set.
        if name not in of_keras and not name.startswith("_self_"):
            setattr(copy, name, _copy(value, copies))
    copy.supports_masking = model.supports_masking
    return copy


@functools.cache
def _functional():
    """Keras's class of functional models, which has no public name."""
    inputs = keras.Input(())
    return type(keras.Model(inputs, inputs))


def _with_policy(part, policy):
    """A layer's configuration where each layer without a policy of its own has `policy`."""
    if isinstance(part, (list, tuple)):
        return type(part)(_with_policy(item, policy) for item in part)
    if not isinstance(part, dict):
        return part
    if part.get("class_name") == "DTypePolicy" and part["config"] == {"name": "float32"}:
        return {**part, "config": {"name": policy}}
    return {key: _with_policy(value, policy) for key, value in part.items()}
