"""What batch normalisation depends on: how a batch is divided among replicas and micro-batches.

Each part of a batch is normalised by its own mean and variance. That is in the nature of the layer,
as in every framework, so a run says so where it happens.
"""

import keras

from tfapp.models.layers import FusedBatchNorm
from tfapp.runtime import private_api


def division_note(model, *, batch_size, num_replicas, accumulate):
    """A line about the parts of a batch that are normalised separately; "" if there are none.

    Args:
      model: a `keras.Model` whose layers exist.
      batch_size: examples a step, over all replicas.
      num_replicas: over all workers.
      accumulate: micro-batches a step.
    """
    synchronised = [layer.synchronized for layer in _normalisations(model)]
    if not synchronised:
        return ""
    divisions = []
    if num_replicas > 1 and not all(synchronised):
        divisions.append((num_replicas, f"{num_replicas} replicas"))
    if accumulate > 1:
        divisions.append((accumulate, f"--accumulate={accumulate}"))
    if not divisions:
        return ""
    size = batch_size
    for parts, _ in divisions:
        size //= parts
    # Synchronised statistics cannot wait for micro-batches.
    remedy = "; synchronized=True in the layers takes them over all replicas"
    return (
        f"batch normalisation takes its statistics from {size} examples at a time, not from the "
        f"whole batch of {batch_size} ({', '.join(name for _, name in divisions)}), so the results "
        f"depend on how a batch is divided{'' if accumulate > 1 else remedy}"
    )


def _normalisations(model):
    """The layers that take statistics of a batch in training."""
    for layer in private_api.layers_of(model):
        # One of Keras that is frozen uses its moving statistics in training too.
        if isinstance(layer, FusedBatchNorm) or (
            isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ):
            yield layer
