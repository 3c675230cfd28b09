"""GELU equals Keras's, and the layer normalisation Keras's own, in a graph and eagerly."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.models.layers import FusedLayerNorm, gelu, gelu_tanh

X = tf.random.stateless_normal((4, 6), (0, 1)) * 3


@pytest.mark.parametrize("ours, approximate", [(gelu, False), (gelu_tanh, True)])
@pytest.mark.parametrize("wrap", [tf.function, lambda function: function])
def test_gelu(ours, approximate, wrap):
    expected = keras.ops.gelu(X, approximate=approximate).numpy()
    assert wrap(lambda x: ours(x))(X).numpy() == pytest.approx(expected, abs=1e-6)


def test_layer_norm_is_kerass():
    mine, keras_own = FusedLayerNorm(epsilon=1e-3), keras.layers.LayerNormalization(epsilon=1e-3)
    mine.build(X.shape)
    keras_own.build(X.shape)
    for layer in (mine, keras_own):
        layer.set_weights([np.arange(1.0, 7.0), np.array([0.0, 1.0] * 3)])
    expected = keras_own(X).numpy()
    assert mine(X).numpy() == pytest.approx(expected, abs=1e-5)
    assert tf.function(mine)(X).numpy() == pytest.approx(expected, abs=1e-5)
