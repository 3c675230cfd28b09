"""A Keras model as a pure function: values of its variables in, outputs and new values out.

Keras's own `stateless_call` goes around `Layer.__call__`, and with it around the casting of inputs
and the optional `training` argument; this goes through it.
"""

import contextlib

import keras

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
      outputs; the new non-trainable values, a tuple; the penalties (regularisation and whatever
      layers add as losses), a list of scalars.
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
