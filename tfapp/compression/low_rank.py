"""Low-rank dense layers: a kernel [m, n] becomes a product [m, r] [r, n] of fewer weights.

Of all kernels of rank r, the truncated singular value decomposition is the nearest one in the
Frobenius norm (Eckart & Young, "The approximation of one matrix by another of lower rank", 1936),
and the singular values that are left out say how far off it is. Each dense layer gets the lowest
rank whose distance is within the bound, as a share of the kernel's norm; where that would not save
weights, the layer stays as it is. Training then goes on with the two factors.
"""

import keras
import numpy as np
from keras import ops

from tfapp.runtime import private_api


class LowRankDense(keras.layers.Dense):
    """A dense layer whose kernel is the product of `first` [m, r] and `second` [r, n]."""

    @property
    def kernel_shape(self):
        """(m, n)."""
        return self.first.shape[0], self.second.shape[1]

    @property
    def kernel(self):
        return ops.matmul(self.first, self.second)

    def call(self, inputs, training=None):
        x = ops.matmul(ops.matmul(inputs, self.first), self.second)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return x if self.activation is None else self.activation(x)


def ranks_of(model):
    """The rank of each dense layer of a model that has been called, a list; 0: it has a kernel."""
    return [
        layer.first.shape[1] if isinstance(layer, LowRankDense) else 0
        for layer in _dense_layers(model)
    ]


def factor(model, ranks):
    """Makes dense layers low-rank in place; the values of their factors are yet to be assigned.

    Args:
      model: a `keras.Model` that has been called.
      ranks: of each of its dense layers, as `ranks_of` gives them; empty: all stay.

    Raises:
      ValueError: the model has another number of dense layers.
    """
    for layer, rank in zip(_dense_layers(model), ranks, strict=True) if ranks else ():
        if rank:
            _make_low_rank(layer, rank)


def factor_within(model, error):
    """Makes dense layers low-rank in place, with factors of their kernels.

    Args:
      model: a `keras.Model` that has been called, with the weights that count.
      error: the norm of a kernel's change is at most this share of the kernel's.
    """
    for layer in _dense_layers(model):
        if isinstance(layer, LowRankDense) or not _is_plain(layer):
            continue
        kernel = ops.convert_to_numpy(layer.kernel).astype(np.float64)
        left, values, right = np.linalg.svd(kernel, full_matrices=False)
        rank = _lowest_rank(values, error)
        if not 0 < rank * sum(kernel.shape) < kernel.size:
            continue
        _make_low_rank(layer, rank)
        root = np.sqrt(values[:rank])
        layer.first.assign(left[:, :rank] * root)
        layer.second.assign(root[:, None] * right[:rank])


def describe(model):
    """The low-rank layers: path -> {"shape": of the kernel, "rank"}."""
    return {
        private_api.path_of(layer): {
            "shape": list(layer.kernel_shape),
            "rank": layer.first.shape[1],
        }
        for layer in _dense_layers(model)
        if isinstance(layer, LowRankDense)
    }


def _dense_layers(model):
    """The model's dense layers, each once, low-rank ones among them."""
    found = {id(layer): layer for layer in private_api.layers_of(model)}
    return [layer for layer in found.values() if type(layer) in (keras.layers.Dense, LowRankDense)]


def _is_plain(layer):
    """Whether nothing but the product depends on the layer's kernel."""
    return layer.trainable and layer.kernel_regularizer is None and layer.kernel_constraint is None


def _lowest_rank(values, error):
    """The lowest rank at which the singular values that are left out are within the bound."""
    squares = np.square(values)
    left_out = np.sqrt(np.append(np.cumsum(squares[::-1])[::-1], 0.0))  # from rank 0 on
    return int(np.argmax(left_out <= error * left_out[0]))


def _make_low_rank(layer, rank):
    inputs, outputs = layer.kernel.shape
    private_api.drop_variable(layer, "_kernel")
    layer.__class__ = LowRankDense  # in place: a model may hold its layers in any structure
    with private_api.adds_weights(layer):
        layer.first = layer.add_weight(name="first_factor", shape=(inputs, rank))
        layer.second = layer.add_weight(name="second_factor", shape=(rank, outputs))
