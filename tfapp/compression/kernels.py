"""Which weights of a model are compressed: the kernels of its dense and convolution layers.

Biases, normalisation, embeddings and depthwise kernels stay as they are: together they are a few
percent of a model's weights, and each of them acts on a whole channel or token. So do weights that
a layer of another kind makes for itself.
"""

from typing import NamedTuple

import keras

from tfapp.compression.low_rank import LowRankDense
from tfapp.runtime import private_api

_SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
_TRANSPOSED = (
    keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose,
)  # fmt: skip
_PLAIN = (
    keras.layers.Dense, keras.layers.EinsumDense,
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, *_TRANSPOSED,
)  # fmt: skip


class Kernel(NamedTuple):
    """A kernel of one layer; low-rank layers have two."""

    position: int  # among the model's trainable variables
    path: str  # of the variable, without the model's name
    layer: keras.Layer
    shape: tuple[int, ...]
    # The last two axes are inputs and outputs, as in [height, width, inputs, outputs].
    ends_in_outputs: bool
    outputs_axis: int  # the axis of the output channels


def kernels_of(model):
    """The trainable `Kernel`s of a model that has been called, in the order of its variables."""
    positions = {id(v): i for i, v in enumerate(model.trainable_variables)}
    found = {}
    for layer in private_api.layers_of(model):
        for variable in _kernels(layer):
            position = positions.get(id(variable))
            if position is not None:
                found[position] = _described(variable, position, layer)
    return [found[position] for position in sorted(found)]


def _kernels(layer):
    """The layer's own, `keras.Variable`s; none if it is of another kind."""
    if isinstance(layer, _SEPARABLE):
        return [layer.pointwise_kernel]
    if isinstance(layer, LowRankDense):
        return [layer.first, layer.second]
    return [layer.kernel] if isinstance(layer, _PLAIN) else []


def _described(variable, position, layer):
    plain = len(variable.shape) == 2 or not isinstance(
        layer, (*_TRANSPOSED, keras.layers.EinsumDense)
    )
    axis = -2 if isinstance(layer, _TRANSPOSED) else -1
    path = f"{private_api.path_of(layer)}/{variable.name}"
    return Kernel(position, path, layer, tuple(variable.shape), plain, axis)
