"""Keras optimizers by name, as pure functions of their state.

A Keras optimizer reduces gradients across replicas and updates variables in one go, clipping before
and under TensorFlow's strategies only. Here the step has reduced the gradients already, and XLA
wants values in and values out: `functional` gives any Keras optimizer class that form.
"""

import keras

from tfapp.errors import UsageError
from tfapp.registry import is_object_path, load_object, suggest


def optimizer_names():
    """Names of the optimizers that ship with Keras, in lower case."""
    return sorted(
        name.lower()
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type)
        and issubclass(value, keras.optimizers.Optimizer)
        and value not in (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer)
    )


def build_optimizer(name, **arguments):
    """Builds the optimizer `name`, a Keras name or package.module:Class.

    Raises:
      UsageError: unknown name, or an argument its constructor refuses.
    """
    if is_object_path(name):
        kind = load_object(name, "optimizer")
    else:
        by_name = {n.lower(): v for n, v in vars(keras.optimizers).items() if isinstance(v, type)}
        if name.lower() not in optimizer_names():
            known = optimizer_names()
            raise UsageError(
                f"--optimizer={name}: unknown{suggest(name, known)} (one of {', '.join(known)})"
            )
        kind = by_name[name.lower()]
    try:
        return functional(kind)(**arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--optimizer={name}: {error}") from error


def functional(kind):
    """A subclass of the optimizer class `kind` that can be applied by `apply`."""
    return type(kind.__name__, (_Functional, kind), {})


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
