"""The hidden matrices of a model, which Muon is made for.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024: embeddings, the
output layer, biases and scales are left to AdamW.
"""

import keras

from tfapp.models.blocks import blocks_of
from tfapp.runtime import private_api


def hidden_matrices(model):
    """The matrices inside a model's blocks; of a model without blocks, all but the last.

    Args:
      model: a `keras.Model` that has been called.

    Returns:
      a list of `keras.Variable` of two dimensions, in the order of `model.trainable_variables`;
      tables of embeddings are left out.
    """
    layers = [layer for block in blocks_of(model) for layer in [block, *_inner(block)]]
    found = _matrices(layers or _inner(model), model)
    return found if layers else found[:-1]


def _inner(layer):
    return private_api.layers_of(layer)


def _matrices(layers, model):
    layers = [layer for layer in layers if not isinstance(layer, keras.layers.Embedding)]
    tables = {
        id(v)
        for layer in _inner(model)
        if isinstance(layer, keras.layers.Embedding)
        for v in layer.variables
    }
    found = {id(v) for layer in layers for v in layer.trainable_variables} - tables
    return [v for v in model.trainable_variables if id(v) in found and len(v.shape) == 2]
