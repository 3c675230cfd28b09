"""Pooling over the tokens of a padded text."""

import keras


class MeanPool(keras.layers.Layer):
    """The mean over the tokens that are present: [batch, length, width] -> [batch, width]."""

    def call(self, x, present):
        """`present`: bool [batch, length]."""
        weights = keras.ops.cast(present, x.dtype)[..., None]
        count = keras.ops.maximum(keras.ops.sum(weights, axis=1), 1)
        return keras.ops.sum(x * weights, axis=1) / count


class MaxPool(keras.layers.Layer):
    """The maximum over the tokens that are present, 0 if there are none; shapes as `MeanPool`."""

    def call(self, x, present):
        """`present`: bool [batch, length]."""
        lowest = keras.ops.where(present[..., None], x, keras.ops.full_like(x, -1e4))
        found = keras.ops.max(lowest, axis=1)
        return keras.ops.where(keras.ops.any(present, axis=1)[:, None], found, 0 * found)
