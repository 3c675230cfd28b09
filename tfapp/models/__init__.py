"""Models by name, and how one is built from its class and --model_arg."""

import functools
import inspect

from tfapp.errors import UsageError
from tfapp.models.preset import Preset
from tfapp.models.presets import PRESETS
from tfapp.registry import Registry, load_object, suggest

# A name's entry is a `Preset`, or what a user gave or registered: a class, a function, the path of
# one, or a model that is built already.
MODELS = Registry("model", PRESETS)


def check_name(name):
    """Checks that `name` is a model, before data is read: imports its class.

    Args:
      name: registered name or package.module:Class; not "auto", which depends on the data.

    Raises:
      UsageError: unknown name, a module that cannot be imported or lacks the class, or something
        that is neither a class nor a function.
    """
    _look_up(name)


def check_arguments(name, arguments):
    """Checks the names of --model_arg against the constructor, before data is read.

    Args:
      name: as for `check_name`.
      arguments: a dict for the constructor.

    Raises:
      UsageError: as `check_name`, or an argument that the constructor does not take.
    """
    target, _ = _look_up(name)
    accepted, takes_any = _parameters(target)
    for key in arguments:
        if key not in accepted and not takes_any:
            raise UsageError(
                f"--model_arg={key}: {name} takes {', '.join(accepted) or 'no arguments'}"
                + suggest(key, accepted)
            )


def build_model(name, arguments, *, outputs, inputs):
    """Builds the model `name`.

    Args:
      name: as for `check_name`.
      arguments: a dict for the constructor; overrides those of a preset.
      outputs: width of the last layer; passed as `outputs` to a constructor that takes it.
      inputs: an `InputSpec` for each feature; passed as `inputs` to a constructor that takes it.

    Returns:
      A `keras.Model` whose call gives logits [batch, outputs].

    Raises:
      UsageError: as `check_arguments`, or the constructor refuses its arguments.
    """
    check_arguments(name, arguments)
    target, defaults = _look_up(name)
    accepted, _ = _parameters(target)
    given = {"outputs": outputs, "inputs": inputs}
    given = {key: value for key, value in given.items() if key in accepted}
    try:
        model = target(**{**given, **defaults, **arguments})
    except Exception as error:  # a constructor may raise anything, a user's own all the more
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"--model={name}: {message}") from error
    if not _is_model(model):
        raise UsageError(f"--model={name}: gives a {type(model).__name__}, not a keras.Model")
    return model


def copy_weights(name, model):
    """Gives `model`, built by `build_model` and called, the weights that `name` brings with it.

    A model that was built by its author does; classes, functions and presets do not.

    Raises:
      UsageError: the weights do not fit.
    """
    entry = MODELS.get(name)
    if _is_model(entry):
        from tfapp.models import built

        built.copy_state(entry, model, name)


def _is_model(value):
    import keras  # late: --help lists the names of models without it

    return isinstance(value, keras.Model)


def _look_up(name):
    """(class or function, default arguments) of a model's name."""
    entry, defaults = MODELS.get(name), {}
    if isinstance(entry, Preset):
        entry, defaults = load_object(entry.target, "model"), entry.arguments
    if _is_model(entry):
        from tfapp.models.built import copy_model

        return functools.partial(copy_model, entry), defaults
    if not callable(entry):
        kind = type(entry).__name__
        raise UsageError(f"--model={name}: is a {kind}; a class or a function is needed")
    return entry, defaults


def _parameters(target):
    """(names that the constructor accepts, whether it takes any other keyword as well)."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):  # written in C
        return [], True
    # By convention, **kwargs goes to keras.Model, whose arguments are of no use here.
    takes_any = any(p.kind is p.VAR_KEYWORD and p.name != "kwargs" for p in parameters)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in by_name], takes_any
