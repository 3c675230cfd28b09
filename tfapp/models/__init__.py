"""Models by name, and how one is built from its class and --model_arg.

A model may be a class, a function that makes one, or built already.
"""

import inspect

from tfapp.errors import UsageError
from tfapp.models.preset import OF_KERAS, Preset
from tfapp.models.presets import PRESETS
from tfapp.registry import Registry, load_object, suggest
from tfapp.users_code import users_code

# A name's entry is a `Preset`, or what a user registered: a class, a function, a built model, or
# the path of one.
MODELS = Registry("model", PRESETS)


def check_name(name):
    """Checks that `name` is a model, before data is read: imports its class.

    Args:
      name: registered name, keras:NAME, package.module:Name or FILE.py:Name; not "auto", which
        depends on the data.

    Raises:
      UsageError: unknown name, a module that cannot be imported or lacks the name, or something
        that is neither a class, nor a function, nor a model; a class with a training step of its
        own.
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


def recipe_of(name):
    """What a preset says of its recipe, see `Preset.recipe`; {} for any other model."""
    entry = None if takes_pixels(name) else MODELS.get(name)
    return entry.recipe if isinstance(entry, Preset) else {}


def build_model(name, arguments, *, outputs, inputs):
    """Builds the model `name`, or copies it if it is built already.

    Args:
      name: as for `check_name`.
      arguments: a dict for the constructor; overrides those of a preset.
      outputs: width of the last layer; passed as `outputs` to a constructor that takes it.
      inputs: an `InputSpec` for each input; passed as `inputs` to a constructor that takes it.

    Returns:
      A `keras.Model` whose call gives logits or probabilities [batch, outputs]. The copy of a
      built model gets its weights by `built.take_weights`, once it has been called.

    Raises:
      UsageError: as `check_arguments`, the constructor refuses its arguments, or the model cannot
        be trained on such inputs.
    """
    check_arguments(name, arguments)
    target, defaults = _look_up(name)
    from tfapp.models import built, supported  # late: --help lists the names without Keras

    model, is_new = target, False
    if not _is_model(target):
        accepted, _ = _parameters(target)
        given = {"outputs": outputs, "inputs": inputs}
        given = {key: value for key, value in given.items() if key in accepted}
        with users_code(f"--model={name}"), built.recording() as made:
            try:
                model = target(**{**given, **defaults, **arguments})
            except UsageError as error:  # of tfapp's own models
                raise UsageError(f"--model={name}: {error}") from error
        if not _is_model(model):
            raise UsageError(f"--model={name}: gives a {type(model).__name__}, not a keras.Model")
        is_new = built.is_new(model, made)
    supported.check_training(type(model), name)
    if built.input_names(model):
        supported.check_inputs(built.input_names(model), name, [spec.name for spec in inputs])
    return model if is_new else built.copy_of(model, name)


def takes_pixels(name):
    """Whether the model `name` takes pixels from 0 to 255, and does its own preprocessing.

    Args:
      name: as for `check_name`, or "auto".
    """
    return name.startswith(OF_KERAS)


def _look_up(name):
    """(class, function or model, default arguments) of a model's name."""
    if name.startswith(OF_KERAS):
        from tfapp.models import applications  # late: --help lists the names without Keras

        return applications.find(name), {}
    entry, defaults = MODELS.get(name), {}
    if isinstance(entry, Preset):
        return load_object(entry.target, "model"), entry.arguments
    if not callable(entry):
        kind = type(entry).__name__
        raise UsageError(
            f"--model={name}: is a {kind}; a class, a function or a keras.Model is needed"
        )
    _check_own_class(name, entry)
    return entry, defaults


def _check_own_class(name, entry):
    """Raises UsageError for a class that cannot be trained whatever its arguments are."""
    import keras

    from tfapp.models.supported import check_training

    if isinstance(entry, type) and issubclass(entry, keras.Model):
        check_training(entry, name)


def _is_model(value):
    import keras  # late: --help lists the names without it

    return isinstance(value, keras.Model)


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
