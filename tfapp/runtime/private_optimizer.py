"""Keras's optimizers, made functional by what Keras does not promise to keep.

Only this file touches it; tests/runtime/test_private_optimizer.py names what would break.
"""

import contextlib

import keras
import tensorflow as tf
from keras.src.backend.common import stateless_scope


def variable_index(optimizer, variable):
    """Position of a weight among those that the optimizer was built for."""
    return optimizer._get_variable_index(variable)


def functional(kind):
    """A subclass of the Keras optimizer class `kind`, and of `FunctionalOptimizer`."""
    mixin = _FunctionalNadam if issubclass(kind, keras.optimizers.Nadam) else FunctionalOptimizer
    return type(kind.__name__, (mixin, kind), {})


class OptimizerValues(keras.StatelessScope):
    """Inside, weights and an optimizer's variables have given values, for a `FunctionalOptimizer`.

    Unlike in Keras's own scope, they may have another shape than the variables, as rows of them do.
    """

    def __init__(self, values):
        """`values`: pairs of a `keras.Variable` and its value."""
        super().__init__()
        self.state_mapping.update({id(v): tf.convert_to_tensor(value) for v, value in values})


def updates_one_by_one(optimizer):
    """Whether a `FunctionalOptimizer` updates each weight by its own `update_step` alone.

    A class that a user wrote may override the methods around it, to look at all gradients.
    """
    around = {"apply", "_backend_apply_gradients", "_backend_update_step", "_clip_gradients"}
    own = [k for k in type(optimizer).__mro__ if not around.isdisjoint(vars(k))]
    return all(k.__module__.startswith(("keras.src.", "tfapp.")) for k in own)


class FunctionalOptimizer:
    """Lets a Keras optimizer be applied in a `keras.StatelessScope`, at a step that it is given.

    Undoes the TensorFlow backend's overrides that need tf.Variable, in favour of Keras's own. The
    learning rate's schedule follows the step of `at_step`, not the optimizer's count of updates.
    """

    _step = None

    @property
    def weights(self):
        """The weights that the optimizer was built for, in order."""
        return self._trainable_variables

    @property
    def slot_of(self):
        """Id of a variable of the optimizer -> id of the weight that it is a slot of."""
        return vars(self).get("_slot_of", {})

    def add_variable_from_reference(self, reference_variable, *args, **kwargs):
        slot = super().add_variable_from_reference(reference_variable, *args, **kwargs)
        # Past Keras's __setattr__, which would put the dict into a tracked one of its own.
        vars(self).setdefault("_slot_of", {})[id(slot)] = id(reference_variable)
        return slot

    @property
    def schedule(self):
        """What the learning rate follows: a Keras schedule, or a `keras.Variable`."""
        return self._learning_rate

    @contextlib.contextmanager
    def at_step(self, step):
        """Inside, the learning rate is that of `step`."""
        self._step = step
        try:
            yield
        finally:
            self._step = None

    def rate_at(self, step):
        """The learning rate of `step`, a tensor or a `keras.Variable`."""
        rate = self._learning_rate
        is_schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        return rate(step) if is_schedule else rate

    @property
    def learning_rate(self):
        """The current learning rate, which Keras's own methods read."""
        return self.rate_at(self.iterations if self._step is None else self._step)

    def assign(self, variable, value):
        _assign(variable, keras.ops.cast(value, variable.dtype))

    def assign_add(self, variable, value):
        _assign(variable, variable + keras.ops.cast(value, variable.dtype))

    def assign_sub(self, variable, value):
        _assign(variable, variable - keras.ops.cast(value, variable.dtype))

    def _var_key(self, variable):
        return id(variable)

    def _apply_weight_decay(self, variables):
        if not self.weight_decay:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = keras.ops.cast(self.learning_rate, variable.dtype)
                decay = keras.ops.cast(self.weight_decay, variable.dtype)
                _assign(variable, variable - variable * decay * rate)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for grad, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(grad, variable, learning_rate)


def _assign(variable, value):
    scope = stateless_scope.get_stateless_scope()
    if isinstance(scope, OptimizerValues):
        scope.add_update((variable, value))  # Keras would compare the shapes
    else:
        variable.assign(value)


class _FunctionalNadam(FunctionalOptimizer):
    """Nadam, which keeps a running product in the method that the mixin takes the place of."""

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        count = keras.ops.cast(self.iterations + 1, self._u_product.dtype)
        factor = self.beta_1 * (1.0 - 0.5 * keras.ops.power(0.96, count))
        self.assign(self._u_product, self._u_product * factor)
        super()._backend_update_step(grads, trainable_variables, learning_rate)
