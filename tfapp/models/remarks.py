"""What a user should know about a model of their own before it is trained."""

import keras

from tfapp.models.built import original_of

_UNUSED = ("test_step", "predict_step", "compute_metrics", "fit", "evaluate", "predict")


def remarks(model):
    """A list of sentences, empty for tfapp's own models.

    Args:
      model: a `keras.Model`, from `build_model`.
    """
    found, original = [], original_of(model)
    if original is not model and original.weights:
        found.append("built already; it begins with the weights that it has, whatever --seed is")
    if original.compiled:
        found.append(
            f"compiled with {_named(original.optimizer)} and the loss {_named(original.loss)}: not "
            "used, --optimizer, --learning_rate and --loss decide"
        )
    unused = [name for name in _UNUSED if _is_own(type(model), name)]
    if unused:
        found.append(f"its own {', '.join(unused)} are not used: the task evaluates and answers")
    return found


def _is_own(kind, method):
    owner = next(base for base in kind.__mro__ if method in vars(base))
    return owner.__module__.partition(".")[0] != "keras"


def _named(value):
    """What messages call an optimizer or a loss: a name, an object, or nested ones."""
    if isinstance(value, str):
        return value
    if isinstance(value, (keras.optimizers.Optimizer, keras.losses.Loss)):
        return type(value).__name__
    return str(value)
