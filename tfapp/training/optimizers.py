"""Keras optimizers by name, as pure functions of their state.

A Keras optimizer reduces gradients across replicas and updates variables in one go, clipping before
and under TensorFlow's strategies only. Here the step has reduced the gradients already, and XLA
wants values in and values out: `private_optimizer.functional` gives any Keras optimizer class
that form.
"""

import inspect
import re

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.registry import is_object_path, load_object, suggest
from tfapp.runtime import private_optimizer
from tfapp.training.lars import LARS

# Arguments of Keras's optimizers that have a flag of their own or are done by the step.
_OURS = {
    "clipnorm": "--clip_norm",
    "clipvalue": "--clip_norm",
    "global_clipnorm": "--clip_norm",
    "use_ema": "--ema",
    "ema_momentum": "--ema",
    "ema_overwrite_frequency": "--ema",
    "gradient_accumulation_steps": "--accumulate",
    "loss_scale_factor": "--precision=float16",
    "learning_rate": "--learning_rate",
    "weight_decay": "--weight_decay",
    "adam_weight_decay": "--weight_decay",
}

# The base class, and wrappers, which take other optimizers.
_NOT_OFFERED = ("Optimizer", "LossScaleOptimizer", "MultiOptimizer", "ScheduleFreeAdamW")

# Name -> why it is refused, for names that a user may well expect.
_REFUSED = {
    "schedulefreeadamw": "trains at other weights than those that must be evaluated, and Keras "
    "does not swap them; use adamw, with --ema for averaged weights",
}


def optimizers_by_name():
    """Lower-case name -> class: those of Keras, and LARS."""
    found = {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type)
        and issubclass(value, keras.optimizers.Optimizer)
        and name not in _NOT_OFFERED
    }
    return {**found, "lars": LARS}


def check_name(name):
    """Checks --optimizer without building anything; a user's own module is imported.

    Raises:
      UsageError: no optimizer has this name, or one that cannot be used here.
    """
    _class_of(name)


def build_optimizer(name, *, learning_rate, weight_decay=0.0, arguments=()):
    """Builds the optimizer `name`, a known name or package.module:Class.

    Args:
      name: any case.
      learning_rate: float, or a Keras schedule, which is called with the run's step.
      weight_decay: decoupled, times the learning rate at each step (arXiv:1711.05101); 0: none,
        also where the class has a default of its own.
      arguments: further arguments of the constructor, a dict.

    Raises:
      UsageError: unknown name, or an argument its constructor refuses.
    """
    arguments = dict(arguments)
    for key in arguments:
        if key in _OURS:
            raise UsageError(f"--optimizer_arg={key}: use {_OURS[key]}")
    kind = _class_of(name)
    try:
        if weight_decay or "weight_decay" in inspect.signature(kind).parameters:
            arguments["weight_decay"] = weight_decay
        optimizer = private_optimizer.functional(kind)(learning_rate=learning_rate, **arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--optimizer={name}: {error}") from error
    if not weight_decay:
        optimizer.weight_decay = None  # a default may hide behind a subclass's **kwargs
    return optimizer


def muon_for(variables, hidden):
    """Arguments of Keras's Muon with which it takes the `hidden` matrices, and AdamW all others."""
    wanted = {id(variable) for variable in hidden}
    others = [v for v in variables if id(v) not in wanted]
    return {"exclude_layers": [f"^{re.escape(v.path)}$" for v in others]}


def decay_only(optimizer, variables, decayed):
    """Restricts weight decay to `decayed`, some of the `variables`. Call it before `build`."""
    wanted = {id(variable) for variable in decayed}
    optimizer.exclude_from_weight_decay([v for v in variables if id(v) not in wanted])


def apply(optimizer, trainable, optimizer_state, grads, step):
    """One update.

    Args:
      optimizer: built by `build_optimizer`, and `build(variables)` called.
      trainable: values of those variables, in order.
      optimizer_state: values of `optimizer.variables`, in order.
      grads: one dense gradient a variable, summed over replicas already.
      step: int64 scalar, the run's step, which the learning rate's schedule follows. All else that
        depends on time, such as Adam's bias correction, follows the optimizer's count of updates.

    Returns:
      (trainable, optimizer_state) after the update, as tuples of tensors.
    """
    weights, slots = optimizer.weights, optimizer.variables
    value = apply_to(
        optimizer,
        weights,
        [*zip(weights, trainable, strict=True), *zip(slots, optimizer_state, strict=True)],
        grads,
        step,
    )
    return tuple(value(v) for v in weights), tuple(value(v) for v in slots)


def apply_to(optimizer, weights, values, grads, step):
    """One update of some of the optimizer's weights.

    Args:
      optimizer, step: see `apply`.
      weights: `keras.Variable`s that the optimizer was built for.
      values: pairs of a `keras.Variable` and its value: of these weights, of their slots, and of
        the optimizer's variables that belong to no weight. Where the optimizer treats each element
        by itself, the same rows of each will do.
      grads: a dense gradient for each of the weights.

    Returns:
      (variable) -> its value after the update.
    """
    with private_optimizer.OptimizerValues(values) as scope, optimizer.at_step(step):
        optimizer.apply(list(grads), list(weights))
    return scope.get_current_value


def update_count(optimizer, optimizer_state):
    """How many updates the optimizer has made: its own count, among the values of its state."""
    places = [i for i, v in enumerate(optimizer.variables) if v is optimizer.iterations]
    return optimizer_state[places[0]]


def learning_rate(optimizer, step):
    """The learning rate of the update of `step`, as a float, for the log."""
    return float(tf.convert_to_tensor(optimizer.rate_at(step)))


def _class_of(name):
    """The class called `name`. Raises UsageError."""
    known = optimizers_by_name()
    if name.lower() in _REFUSED:
        raise UsageError(f"--optimizer={name}: {_REFUSED[name.lower()]}")
    if name.lower() in known:
        return known[name.lower()]
    if not is_object_path(name):
        names = sorted(known)
        raise UsageError(
            f"--optimizer={name}: unknown{suggest(name, names)} (one of {', '.join(names)})"
        )
    kind = load_object(name, "optimizer")
    if not (isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)):
        raise UsageError(f"--optimizer={name}: is not a class of keras.optimizers.Optimizer")
    if issubclass(kind, keras.optimizers.ScheduleFreeAdamW):
        raise UsageError(f"--optimizer={name}: {_REFUSED['schedulefreeadamw']}")
    return kind
