"""A Keras model as a pure function: values of its variables in, outputs and new values out.

Keras's own `stateless_call` goes around `Layer.__call__`, and with it around the casting of inputs
and the optional `training` argument; this goes through it.
"""

import contextlib

import keras
import tensorflow as tf

from tfapp.training.remat import rematerialised


def forward(model, trainable, non_trainable, inputs, *, training, remat=False):
    """Calls a built model.

    Args:
      model: a built `keras.Model`.
      trainable, non_trainable: values of its variables, in their order.
      inputs: what the model takes.
      training: whether dropout and the like are on.
      remat: keep no activations inside the model's blocks; see `tfapp.training.remat`.

    Returns:
      outputs; the new non-trainable values, a tuple; the penalties (regularisation and
      other losses that layers add), a list of scalars.
    """
    mapping = [
        *zip(model.trainable_variables, trainable, strict=True),
        *zip(model.non_trainable_variables, non_trainable, strict=True),
    ]
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        with rematerialised(model) if remat else contextlib.nullcontext():
            outputs = model(inputs, training=training)
        penalties = model.losses
    new = tuple(scope.get_current_value(v) for v in model.non_trainable_variables)
    return outputs, new, penalties


class ModelCall:
    """The model of one batch, for a task that calls it once or several times.

    Each call starts from the non-trainable values that the call before it left: running statistics
    accumulate, and dropout draws new masks. No gradient flows through these values.
    """

    def __init__(self, model, trainable, non_trainable, *, training, remat=False):
        """See `forward`.

        Attributes:
          non_trainable: the values after the latest call, a tuple.
          penalties: of the latest call, a list of scalars, as Keras keeps them; empty before it.
        """
        self._model = model
        self._trainable = trainable
        self._training = training
        self._remat = remat
        self._called = False
        self.non_trainable = tuple(non_trainable)
        self.penalties = []

    def __call__(self, inputs):
        """The model's outputs."""
        before = self.non_trainable
        if self._called:
            before = tuple(tf.stop_gradient(value) for value in before)
        self._called = True
        outputs, self.non_trainable, self.penalties = forward(
            self._model,
            self._trainable,
            before,
            inputs,
            training=self._training,
            remat=self._remat,
        )
        return outputs
