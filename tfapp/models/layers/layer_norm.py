"""Layer normalisation as one program each way."""

import keras
import tensorflow as tf

from tfapp.runtime.fused import fused


class FusedLayerNorm(keras.layers.LayerNormalization):
    """Keras's layer normalisation over the last axis, with its scale and offset, as one program."""

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(epsilon=epsilon, **kwargs)
        self._normalised = _normalise(epsilon)

    def call(self, x):
        """[..., width] to the same shape; in float32 inside, whatever the type."""
        gamma, beta = (tf.cast(v, tf.float32) for v in (self.gamma, self.beta))
        return self._normalised(x, gamma, beta)


def _normalise(epsilon):
    def normalise(x, gamma, beta):
        values = tf.cast(x, tf.float32)
        centred = values - tf.reduce_mean(values, -1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
        return tf.cast(centred * tf.math.rsqrt(variance + epsilon) * gamma + beta, x.dtype)

    return fused(normalise)
