"""Flips, crops and affine warps of image batches [batch, height, width, channels]."""

import math

import tensorflow as tf

from tfapp.data.pipeline import order

_TRIES = 10
_ASPECT = (3 / 4, 4 / 3)  # of a random window, as in Szegedy et al., arXiv:1409.4842, sec. 6


def flip(images, seeds, probability, stream):
    """Mirrors left and right with the given probability."""
    mirrored = order.uniform(seeds, stream)[:, :, None, None] < probability
    # Not images[:, :, ::-1], whose kernel takes six times as long.
    return tf.where(mirrored, tf.reverse(images, [2]), images)


def crop(images, seeds, padding, stream):
    """Moves each image by up to `padding` pixels (below 1: a share of its height) either way.

    Pixels from beyond the edge are reflections. The same as padding by reflection followed by a
    random crop.
    """
    height, width = images.shape[1:3]
    reach = pixels(padding, height)
    shifts = tf.cast(order.uniform(seeds, stream, 2) * (2 * reach + 1), tf.int32) - reach
    rows = _reflected(tf.range(height) + shifts[:, :1], height)
    columns = _reflected(tf.range(width) + shifts[:, 1:], width)
    return tf.gather(tf.gather(images, rows, batch_dims=1), columns, axis=2, batch_dims=1)


def pixels(value, side):
    """`value` pixels; below 1, that share of `side`. At most `side` - 1."""
    return min(round(value * side) if value < 1 else int(value), side - 1)


def _reflected(positions, size):
    positions = tf.abs(positions)
    return tf.where(positions >= size, 2 * (size - 1) - positions, positions)


def random_resized_crop(images, seeds, least_area, stream):
    """Cuts a window of `least_area` to all of the area at random, resized to the image's size.

    Bilinear, as two products with matrices of weights.
    """
    height, width = images.shape[1:3]
    top, left, high, wide = _windows(seeds, height, width, least_area, stream)
    values = tf.cast(images, tf.float32)
    values = tf.einsum("nik,nkwc->niwc", _weights(top, high, height), values)
    return tf.einsum("njk,nhkc->nhjc", _weights(left, wide, width), values)


def _windows(seeds, height, width, least_area, stream):
    """The first of some windows that fits the image, else all of it; four float32 [batch]."""
    numbers = order.uniform(seeds, stream, 4 * _TRIES)
    numbers = tf.reshape(numbers, (-1, 4, _TRIES))
    area = height * width * (least_area + (1 - least_area) * numbers[:, 0])
    low, high = (math.log(a) for a in _ASPECT)
    root = tf.exp((low + (high - low) * numbers[:, 1]) / 2)
    tall, wide = tf.round(tf.sqrt(area) / root), tf.round(tf.sqrt(area) * root)
    inside = (tall <= height) & (wide <= width) & (tall >= 1) & (wide >= 1)
    first = tf.argmax(inside, axis=1)[:, None]
    found = tf.reduce_any(inside, axis=1)

    def of_first(value, otherwise):
        return tf.where(found, tf.gather(value, first, batch_dims=1)[:, 0], otherwise)

    tall, wide = of_first(tall, float(height)), of_first(wide, float(width))
    top = tf.floor(of_first(numbers[:, 2], 0.0) * (height - tall + 1))
    left = tf.floor(of_first(numbers[:, 3], 0.0) * (width - wide + 1))
    return top, left, tall, wide


def _weights(start, length, size):
    """float32 [batch, size, size]: the weight of each input row in each output row."""
    centres = (tf.range(size, dtype=tf.float32) + 0.5) * (length / size)[:, None] - 0.5
    last = (start + length - 1)[:, None]
    centres = tf.clip_by_value(centres + start[:, None], start[:, None], last)
    distance = tf.abs(tf.range(size, dtype=tf.float32) - centres[:, :, None])
    return tf.maximum(1 - distance, 0)


def warp(images, matrices, fill):
    """Takes each pixel from the place that its matrix maps it to, the nearest; `fill` beyond edges.

    Args:
      images: float32 [batch, height, width, channels].
      matrices: float32 [batch, 2, 3], from (x, y, 1), counted from the centre, to (x, y).
      fill: a number.
    """
    height, width, channels = images.shape[1:]
    x = tf.range(width, dtype=tf.float32) - (width - 1) / 2
    y = tf.range(height, dtype=tf.float32) - (height - 1) / 2
    m = matrices[:, :, :, None, None]
    from_x = m[:, 0, 0] * x + m[:, 0, 1] * y[:, None] + m[:, 0, 2] + (width - 1) / 2
    from_y = m[:, 1, 0] * x + m[:, 1, 1] * y[:, None] + m[:, 1, 2] + (height - 1) / 2
    column, row = tf.cast(tf.round(from_x), tf.int32), tf.cast(tf.round(from_y), tf.int32)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = tf.where(inside, row * width + column, 0)
    flat = tf.reshape(images, (-1, height * width, channels))
    taken = tf.gather(flat, tf.reshape(index, (-1, height * width)), batch_dims=1)
    taken = tf.reshape(taken, (-1, height, width, channels))
    return tf.where(inside[..., None], taken, fill)
