"""A Keras model as a pure function: values of its variables in, outputs and new values out.

Keras's own `stateless_call` goes around `Layer.__call__`, and with it around the casting of inputs
and the optional `training` argument; this goes through it.
"""

import contextlib
from typing import NamedTuple

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.outputs import READS_LOGITS, Activation, last_activation
from tfapp.runtime import private_api, private_random
from tfapp.runtime.keras_draws import DRAWS
from tfapp.training.foreign_draws import ForeignDraws
from tfapp.training.remat import rematerialised
from tfapp.users_code import users_code

private_random.replace_draws(DRAWS)


class Forward(NamedTuple):
    """What a call of a model gives."""

    outputs: tf.Tensor
    assigned: dict[int, tf.Tensor]  # position of a trainable variable -> value its layer gave it
    non_trainable: tuple  # the new values of the others
    penalties: list  # scalars: regularisation and other losses that layers add
    activation: Activation | None  # that the outputs come from, where the graph shows it


def forward(model, trainable, non_trainable, inputs, *, training, remat=False, keras_draws=False):
    """Calls a built model.

    Args:
      model: a built `keras.Model`.
      trainable, non_trainable: values of its variables, in their order.
      inputs: what the model takes.
      training: whether dropout and the like are on.
      remat: keep no activations inside the model's blocks; see `tfapp.training.remat`.
      keras_draws: draw random numbers by Keras's generator, not by `counter_random`.

    Returns:
      a `Forward`. The gradient of an assigned value goes to the one in `trainable`, as if it had
      been read there; see `VariableValues`.

    Raises:
      UsageError: a layer uses a variable that is not among the model's.
    """
    scope = private_api.VariableValues(
        zip(model.trainable_variables, trainable, strict=True),
        zip(model.non_trainable_variables, non_trainable, strict=True),
    )
    draws = contextlib.nullcontext() if keras_draws else private_random.replaced_draws()
    foreign = ForeignDraws(model)
    generator = private_random.kept_generator(model)
    with scope, draws, generator, private_api.variables_read() as others:
        with rematerialised(model) if remat else contextlib.nullcontext({}) as known:
            outputs = model(inputs, training=training)
        penalties = model.losses
        activation = last_activation(outputs, known)
    _check_known(model, scope, others)
    if not keras_draws:
        foreign.warn()
    assigned = scope.assigned_among(model.trainable_variables)
    new = tuple(scope.get_current_value(v) for v in model.non_trainable_variables)
    return Forward(outputs, assigned, new, penalties, activation)


def _check_known(model, scope, others):
    """Raises UsageError if a variable was read or assigned that is not among the model's."""
    known = {id(variable) for variable in model.variables}
    others = [*(v for key, v in scope.assigned.items() if key not in known), *others]
    if not others:
        return
    name = others[0].name
    if "seed_generator_state" in name:
        raise UsageError(
            "a layer draws random numbers from a generator that the model does not keep, so that "
            "each step would draw the same; pass seed=self.generator, and make it in __init__: "
            "self.generator = keras.random.SeedGenerator(0)"
        )
    if name.startswith("StateVar"):
        raise UsageError(
            "it draws from a tf.random.Generator, whose state would not be saved; make a "
            "keras.random.SeedGenerator in __init__, and draw by keras.random with seed= that"
        )
    raise UsageError(
        f"it uses <tf.Variable '{name}'>, which is not among its weights and would be neither "
        "trained nor saved; make it with self.add_weight"
    )


class ModelCall:
    """The model of one batch, for a task that calls it once or several times.

    Each call starts from the values that the call before it left: running statistics accumulate,
    dropout draws new masks, and a weight that a layer assigns (spectral normalisation) stays as it
    was assigned.
    """

    def __init__(
        self,
        model,
        trainable,
        non_trainable,
        *,
        training,
        read_outputs=READS_LOGITS,
        remat=False,
        keras_draws=False,
    ):
        """See `forward`; `read_outputs` is the model's `OutputReader`.

        Attributes:
          assigned: position -> value of the trainable variables that were assigned so far.
          non_trainable: the values after the latest call, a tuple.
          outputs: what the latest call has returned; None before it.
          penalties: of the latest call, a list of scalars, as Keras keeps them; empty before it.
        """
        self._model = model
        self._trainable = tuple(trainable)
        self._training = training
        self._read_outputs = read_outputs
        self._options = {"training": training, "remat": remat, "keras_draws": keras_draws}
        self.assigned = {}
        self.non_trainable = tuple(non_trainable)
        self.outputs = None
        self.penalties = []

    def __call__(self, inputs):
        """The logits or values that the model gives. Raises UsageError if the model fails."""
        verb = "trained" if self._training else "evaluated"
        with users_code(f"the model {type(self._model).__name__} cannot be {verb}"):
            called = forward(
                self._model,
                replaced(self._trainable, self.assigned),
                self.non_trainable,
                inputs,
                **self._options,
            )
        self.assigned = {**self.assigned, **called.assigned}
        self.non_trainable, self.penalties = called.non_trainable, called.penalties
        self.outputs = self._read_outputs(
            called.outputs, called.activation, training=self._training
        )
        return self.outputs


def replaced(values, changes):
    """`values`, a tuple, with those at the positions in `changes` replaced; itself without any."""
    if not changes:
        return values
    return tuple(changes.get(i, value) for i, value in enumerate(values))
