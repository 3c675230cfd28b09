"""Keras's random operations by `counter_random`: the same numbers in XLA and in kernels.

`private_random.replace_draws(DRAWS)` puts them in the place of Keras's own, inside a step.
"""

import keras
import tensorflow as tf

from tfapp.runtime import counter_random
from tfapp.runtime.private_random import next_seed


def _dropout(inputs, rate, noise_shape=None, seed=None):
    if rate == 1.0:
        return tf.zeros_like(inputs)
    if rate == 0.0:
        return inputs
    shape = tf.shape(inputs)
    if noise_shape is not None:
        shape = [shape[i] if size is None else size for i, size in enumerate(noise_shape)]
    mask, scale = counter_random.keep_mask(next_seed(seed), shape, rate)
    return tf.where(mask, inputs * tf.cast(scale, inputs.dtype), tf.zeros([], inputs.dtype))


def _uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    dtype = tf.as_dtype(dtype or keras.config.floatx())
    drawn = counter_random.uniform(next_seed(seed), shape, dtype)
    if isinstance(minval, int | float) and isinstance(maxval, int | float):
        return drawn if (minval, maxval) == (0, 1) else minval + drawn * (maxval - minval)
    low = tf.cast(minval, dtype)
    return low + drawn * (tf.cast(maxval, dtype) - low)


def _normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    return _moved(counter_random.normal(next_seed(seed), shape), mean, stddev, dtype)


def _truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    return _moved(counter_random.truncated_normal(next_seed(seed), shape), mean, stddev, dtype)


def _randint(shape, minval, maxval, dtype="int32", seed=None):
    return tf.cast(counter_random.integers(next_seed(seed), shape, minval, maxval), dtype)


def _categorical(logits, num_samples, dtype="int64", seed=None):
    return tf.cast(counter_random.categorical(next_seed(seed), logits, num_samples), dtype)


def _shuffle(x, axis=0, seed=None):
    order = tf.argsort(counter_random.uniform(next_seed(seed), [tf.shape(x)[axis]]), stable=True)
    return tf.gather(x, order, axis=axis)


def _gamma(shape, alpha, dtype=None, seed=None):
    drawn = counter_random.gamma(next_seed(seed), _parameter(alpha, shape))
    return tf.cast(drawn, dtype or keras.config.floatx())


def _beta(shape, alpha, beta, dtype=None, seed=None):
    both = tf.stack([_parameter(alpha, shape), _parameter(beta, shape)])
    a, b = tf.unstack(counter_random.gamma(next_seed(seed), both))
    return tf.cast(a / (a + b), dtype or keras.config.floatx())


def _binomial(shape, counts, probabilities, dtype=None, seed=None):
    counts, probabilities = _parameter(counts, shape), _parameter(probabilities, shape)
    drawn = counter_random.binomial(next_seed(seed), counts, probabilities)
    return tf.cast(drawn, dtype or keras.config.floatx())


def _parameter(value, shape):
    return tf.broadcast_to(tf.cast(value, tf.float32), shape)


def _moved(drawn, mean, stddev, dtype):
    dtype = tf.as_dtype(dtype or keras.config.floatx())
    return tf.cast(mean, dtype) + tf.cast(drawn, dtype) * tf.cast(stddev, dtype)


# Name in Keras's backend -> what is called in its place, with the same arguments.
DRAWS = {
    "dropout": _dropout,
    "uniform": _uniform,
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    "randint": _randint,
    "categorical": _categorical,
    "shuffle": _shuffle,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
}
