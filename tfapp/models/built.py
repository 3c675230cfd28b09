"""A model that its author has built already: each run trains a copy, and leaves it as it is.

So a configuration gives the same result however often it is run, a copy can be made for every
precision that is measured and for every kind of devices, and a run that continues begins from the
weights that it began from at first.

Keras cannot copy a subclassed model: the configuration that it makes up for one holds the default
arguments of the constructor, whatever the model was made with. Such a model is copied attribute by
attribute, its layers from their configurations.
"""

import functools
import inspect
import types

import keras

from tfapp.errors import UsageError
from tfapp.runtime import private_api

_BASE = ("name", "trainable", "dtype")  # what Keras adds to the arguments of any constructor
_ANOTHER_WAY = "cannot be copied; give its class, or a function that makes it"


def copy_model(model):
    """A new model like `model`, whose layers compute in the dtype policy that is set.

    Its weights are new: `copy_state` copies them, once the copy has been called.

    Args:
      model: a `keras.Model`.

    Raises:
      ValueError: it cannot be made a second time.
    """
    try:
        return _copy(model, {})
    except Exception as error:  # a user's layer may raise anything
        why = " ".join(str(error).split())
        raise ValueError(f"{_ANOTHER_WAY} ({type(error).__name__}: {why[:150]})") from error


def copy_state(model, copy, name):
    """Gives `copy`, a model of `copy_model` that has been called, what `model` has come to.

    These are its weights, if it has been built, and which of its layers are frozen.

    Args:
      name: --model.

    Raises:
      UsageError: the copy has other layers or weights.
    """
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
    config = _with_policy(layer.get_config(), keras.config.dtype_policy().name)
    parameters = inspect.signature(type(layer)).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        config = {k: v for k, v in config.items() if k in parameters or k not in _BASE}
    return type(layer).from_config(config)


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
