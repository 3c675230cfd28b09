"""Which weights of a model decay.

A rule by layer type decides; a model or a layer for which the rule is wrong names its weights by
`NamesDecayedWeights`.
"""

import abc

import keras

from tfapp.errors import UsageError
from tfapp.runtime import private_api

# With several axes, their weights have the shape of a kernel. PReLU: He et al., arXiv:1502.01852,
# section 2.1.
_NEVER_DECAYED = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.PReLU,
)
# Their biases may have several axes: one a head, one a gate.
_WITH_A_BIAS_OF_SEVERAL_AXES = (keras.layers.EinsumDense, keras.layers.GRUCell)


class NamesDecayedWeights(abc.ABC):
    """A base class for a `keras.Model` or `keras.Layer` that names the weights that decay.

    class Encoder(NamesDecayedWeights, keras.Model):
        def decayed_weights(self):
            return by_layer_type(self, without=[self.positions])
    """

    @abc.abstractmethod
    def decayed_weights(self):
        """The variables that decay, those of inner layers included.

        Called once all variables exist. Those that are not trainable are ignored.

        Returns:
          a sequence of `keras.Variable`, any shapes and dtypes, each one of `self.variables`.
        """


def decayed_weights(model):
    """The weights of a model that decay: those it names, or else those of `by_layer_type`.

    Args:
      model: a `keras.Model` that has been called.

    Returns:
      a list of `keras.Variable`, a part of `model.trainable_variables` in the same order.

    Raises:
      UsageError: the model names something that is none of its variables.
    """
    decayed = {id(variable) for variable in _decayed(model)}
    return [variable for variable in model.trainable_variables if id(variable) in decayed]


def by_layer_type(layer, *, without=()):
    """The weights of a layer or model that decay by rule, also if it is a `NamesDecayedWeights`.

    - Kernels decay, recurrent and attention kernels included, and so does any other weight with two
      or more dimensions, such as those of a user's own layer.
    - Biases, scales and offsets of normalisation, slopes of PReLU, and any weight with fewer than
      two dimensions do not decay.
    - Embedding tables decay, as in nanoGPT. The type does not show whether a table holds tokens or
      positions, so a model with learned positions has to name its weights.
    - An inner layer that is a `NamesDecayedWeights` decides for itself.

    Args:
      layer: a `keras.Layer` or `keras.Model` whose variables exist.
      without: variables to leave out.

    Returns:
      a list of `keras.Variable`.
    """
    inner = private_api.layers_of(layer, recursive=False)
    found = [variable for child in inner for variable in _decayed(child)]
    belongs_to_inner = {id(variable) for child in inner for variable in child.variables}
    own = [v for v in layer.trainable_variables if id(v) not in belongs_to_inner]
    found += [v for v in own if _decays(v, layer)]
    left_out = {id(variable) for variable in without}
    return [v for v in found if id(v) not in left_out]


def _decayed(layer):
    if not isinstance(layer, NamesDecayedWeights):
        return by_layer_type(layer)
    named, known = layer.decayed_weights(), {id(variable) for variable in layer.variables}
    for variable in named:
        if id(variable) not in known:
            raise UsageError(
                f"--weight_decay: {type(layer).__name__}.decayed_weights names {variable}, which "
                "is none of its variables"
            )
    return list(named)


def _decays(variable, layer):
    if len(variable.shape) < 2 or isinstance(layer, _NEVER_DECAYED):
        return False
    return not (isinstance(layer, _WITH_A_BIAS_OF_SEVERAL_AXES) and variable is layer.bias)
