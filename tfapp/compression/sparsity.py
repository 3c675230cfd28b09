"""How many weights of a model are exactly zero, by layer."""

import numpy as np

from tfapp.compression.kernels import kernels_of


def sparsity_of(model, trainable):
    """The share of zeros in the kernels of a model.

    Args:
      model: a `keras.Model`.
      trainable: values of its trainable variables, in their order.

    Returns:
      {"overall": share, "layers": {path of the kernel: share}}, of the kernels of dense and
      convolution layers.
    """
    zeros, sizes, layers = 0, 0, {}
    for kernel in kernels_of(model):
        values = np.asarray(trainable[kernel.position])
        none = int((values == 0).sum())
        layers[kernel.path] = round(none / values.size, 4)
        zeros, sizes = zeros + none, sizes + values.size
    return {"overall": round(zeros / sizes, 4) if sizes else 0.0, "layers": layers}
