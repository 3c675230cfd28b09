"""Batch normalisation in one kernel, over one replica or over all."""

import keras
import tensorflow as tf

from tfapp.models.layers.replicas import ReducesAcrossReplicas


class FusedBatchNorm(ReducesAcrossReplicas, keras.layers.Layer):
    """Batch normalisation over the last axis of [batch, height, width, channels], in one kernel.

    On TensorFlow, Keras 3's layer is a chain of reductions and element-wise operations; this is
    TensorFlow's fused kernel (cuDNN's on a GPU). Inputs may be bfloat16 or float16; statistics,
    scale and offset are float32. Ioffe & Szegedy, arXiv:1502.03167.

    With `synchronized`, the statistics of a training batch are computed over all replicas.
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, synchronized=False, gamma="ones", **kwargs):
        """
        Args:
          momentum: decay rate of the moving statistics.
          epsilon: added to the variance.
          synchronized: average the batch statistics over replicas.
          gamma: initializer of the scale.
        """
        super().__init__(**kwargs)
        self.momentum, self.epsilon, self.synchronized = momentum, epsilon, synchronized
        self._gamma_initializer = keras.initializers.get(gamma)

    @property
    def reduces_across_replicas(self):
        return self.synchronized

    def build(self, input_shape):
        def weight(name, initializer, trainable):
            return self.add_weight(
                name=name,
                shape=(input_shape[-1],),
                initializer=initializer,
                trainable=trainable,
                autocast=False,
                dtype="float32",
            )

        self.gamma = weight("gamma", self._gamma_initializer, True)
        self.beta = weight("beta", "zeros", True)
        self.moving_mean = weight("moving_mean", "zeros", False)
        self.moving_variance = weight("moving_variance", "ones", False)

    def call(self, inputs, training=False):
        """Normalised inputs, same shape and dtype."""
        if not training:
            return self._normalise(inputs, self.moving_mean, self.moving_variance)
        context = tf.distribute.get_replica_context()
        if self.synchronized and context and context.num_replicas_in_sync > 1:
            return self._synchronized(inputs, context)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=tf.constant([], tf.float32),
            variance=tf.constant([], tf.float32),
            epsilon=self.epsilon,
            is_training=True,
        )
        self._track(mean, variance)
        return outputs

    def _synchronized(self, inputs, context):
        x = tf.cast(inputs, tf.float32)
        axes = list(range(len(x.shape) - 1))
        moments = [tf.reduce_mean(x, axes), tf.reduce_mean(tf.square(x), axes)]
        mean, squares = context.all_reduce(tf.distribute.ReduceOp.MEAN, moments)
        variance = tf.maximum(squares - tf.square(mean), 0)
        # What is tracked is unbiased, as it is by the kernel.
        count = tf.cast(tf.size(x) // x.shape[-1] * context.num_replicas_in_sync, tf.float32)
        self._track(mean, variance * (count / tf.maximum(count - 1, 1)))
        return self._normalise(inputs, mean, variance)

    def _normalise(self, inputs, mean, variance):
        scale = tf.math.rsqrt(variance + self.epsilon) * self.gamma
        shift = self.beta - mean * scale
        return inputs * tf.cast(scale, inputs.dtype) + tf.cast(shift, inputs.dtype)

    def _track(self, mean, variance):
        mean, variance = tf.stop_gradient(mean), tf.stop_gradient(variance)
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1 - keep))
