"""Noise on what is not an image: dropped tokens, perturbed numbers."""

import math

import tensorflow as tf

from tfapp.data.pipeline import order

UNKNOWN = 1  # the id that stands for a dropped token; 0 is padding


def token_dropout(tokens, seeds, probability, stream):
    """Replaces tokens, int32 [batch, length], by the unknown one; padding stays."""
    dropped = order.uniform(seeds, stream, tokens.shape[1]) < probability
    return tf.where(dropped & (tokens > 0), tf.cast(UNKNOWN, tokens.dtype), tokens)


def feature_noise(values, seeds, std, stream):
    """Adds normal noise with the standard deviation `std`, which broadcasts to one example.

    NaN stays.
    """
    count = math.prod(values.shape[1:])
    radius = tf.sqrt(-2 * tf.math.log(1 - order.uniform(seeds, stream, count)))
    angle = 2 * math.pi * order.uniform(seeds, stream + 1, count)
    normal = tf.reshape(radius * tf.cos(angle), tf.concat([[-1], values.shape[1:]], 0))
    return tf.cast(values, tf.float32) + normal * tf.cast(std, tf.float32)
