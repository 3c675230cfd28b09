"""Keras optimizers by name, as pure functions of their state.

A Keras optimizer reduces gradients across replicas and updates variables in one go, clipping before
and under TensorFlow's strategies only. Here the step has reduced the gradients already, and XLA
wants values in and values out: `functional` gives any Keras optimizer class that form.
"""

import keras

from tfapp.errors import UsageError
from tfapp.registry import is_object_path, load_object, suggest
from tfapp.training.lars import LARS

# Arguments of every Keras optimizer that the step does itself, after the reduction.
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
}

# The base class, and wrappers, which take other optimizers.
_NOT_OFFERED = ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")


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


def build_optimizer(name, *, learning_rate, weight_decay=0.0, arguments=()):
    """Builds the optimizer `name`, a known name or package.module:Class.

    Args:
      name: any case.
      learning_rate: float or a Keras schedule.
      weight_decay: decoupled, times the learning rate at each step (arXiv:1711.05101); 0: none.
      arguments: further arguments of the constructor, a dict.

    Raises:
      UsageError: unknown name, or an argument its constructor refuses.
    """
    arguments = dict(arguments)
    for key in arguments:
        if key in _OURS:
            raise UsageError(f"--optimizer_arg={key}: use {_OURS[key]}")
    known = optimizers_by_name()
    if is_object_path(name):
        kind = load_object(name, "optimizer")
    elif name.lower() in known:
        kind = known[name.lower()]
    else:
        names = sorted(known)
        raise UsageError(
            f"--optimizer={name}: unknown{suggest(name, names)} (one of {', '.join(names)})"
        )
    if weight_decay:
        arguments["weight_decay"] = weight_decay
    try:
        return functional(kind)(learning_rate=learning_rate, **arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--optimizer={name}: {error}") from error


def exclude_vectors_from_decay(optimizer, variables):
    """No decay of biases and normalisation: whatever has fewer than two dimensions."""
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])


def functional(kind):
    """A subclass of the optimizer class `kind` that can be applied by `apply`."""
    bases = (_FunctionalNadam,) if kind is keras.optimizers.Nadam else (_Functional, kind)
    return type(kind.__name__, bases, {})


def apply(optimizer, trainable, optimizer_state, grads):
    """One update.

    Args:
      optimizer: built by `build_optimizer`, and `build(variables)` called.
      trainable: values of those variables, in order.
      optimizer_state: values of `optimizer.variables`, in order.
      grads: one dense gradient a variable, summed over replicas already.

    Returns:
      (trainable, optimizer_state) after the update, as tuples of tensors.
    """
    variables = optimizer._trainable_variables
    mapping = [
        *zip(variables, trainable, strict=True),
        *zip(optimizer.variables, optimizer_state, strict=True),
    ]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        optimizer.apply(list(grads))
    return (
        tuple(scope.get_current_value(v) for v in variables),
        tuple(scope.get_current_value(v) for v in optimizer.variables),
    )


class _Functional:
    """Undoes the TensorFlow backend's overrides that need tf.Variable, in favour of Keras's own."""

    def assign(self, variable, value):
        variable.assign(keras.ops.cast(value, variable.dtype))

    def assign_add(self, variable, value):
        variable.assign(variable + keras.ops.cast(value, variable.dtype))

    def assign_sub(self, variable, value):
        variable.assign(variable - keras.ops.cast(value, variable.dtype))

    def _var_key(self, variable):
        return id(variable)

    def _apply_weight_decay(self, variables):
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = keras.ops.cast(self.learning_rate, variable.dtype)
                decay = keras.ops.cast(self.weight_decay, variable.dtype)
                variable.assign(variable - variable * decay * rate)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for grad, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(grad, variable, learning_rate)


class _FunctionalNadam(_Functional, keras.optimizers.Nadam):
    """Nadam, whose running product Keras keeps outside `variables`, out of checkpoints' reach."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self._track_variable(self._u_product)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        count = keras.ops.cast(self.iterations + 1, self._u_product.dtype)
        factor = self.beta_1 * (1.0 - 0.5 * keras.ops.power(0.96, count))
        self.assign(self._u_product, self._u_product * factor)
        super()._backend_update_step(grads, trainable_variables, learning_rate)
