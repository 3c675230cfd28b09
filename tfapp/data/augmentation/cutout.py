"""Cutout (DeVries & Taylor, arXiv:1708.04552): a square of each image is blanked."""

import tensorflow as tf

from tfapp.data.augmentation.geometry import pixels
from tfapp.data.pipeline import order


def cutout(images, seeds, side, stream):
    """Fills a square of `side` pixels (below 1: a share of the height) with the image's mean.

    Its centre is anywhere in the image, so that the edge may cut it off.
    """
    height, width = images.shape[1:3]
    side = pixels(side, height)
    numbers = order.uniform(seeds, stream, 2)
    inside = box(numbers[:, 0] * height, numbers[:, 1] * width, side, side, height, width)
    images = tf.cast(images, tf.float32)
    mean = tf.reduce_mean(images, (1, 2), keepdims=True)
    return tf.where(inside[..., None], mean, images)


def box(centre_y, centre_x, tall, wide, height, width):
    """bool [batch, height, width]: the pixels inside the boxes; centres and sizes in pixels."""
    y = tf.range(height, dtype=tf.float32) + 0.5
    x = tf.range(width, dtype=tf.float32) + 0.5
    tall, wide = tf.cast(tall, tf.float32), tf.cast(wide, tf.float32)
    rows = tf.abs(y - centre_y[:, None]) <= tf.reshape(tall, (-1, 1)) / 2
    columns = tf.abs(x - centre_x[:, None]) <= tf.reshape(wide, (-1, 1)) / 2
    return rows[:, :, None] & columns[:, None, :]
