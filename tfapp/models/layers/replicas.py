"""Layers whose call reduces values across replicas, which not every placement allows."""

import abc

import keras

from tfapp.runtime import private_api


class ReducesAcrossReplicas(abc.ABC):
    """A base class for a `keras.Layer` that may reduce across replicas when it is called.

    Such a reduction cannot stand inside an XLA program or a `tf.while_loop`.
    """

    @property
    @abc.abstractmethod
    def reduces_across_replicas(self):
        """bool: whether this layer, as it was made, does."""


def reduces_across_replicas(model):
    """True if a layer of the model, at any depth, reduces across replicas in training.

    Args:
      model: a `keras.Model`.
    """
    return any(_reduces(layer) for layer in private_api.layers_of(model))


def _reduces(layer):
    if isinstance(layer, keras.layers.BatchNormalization):
        return layer.synchronized
    return isinstance(layer, ReducesAcrossReplicas) and layer.reduces_across_replicas
