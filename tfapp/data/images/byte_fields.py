"""Numbers in the headers of files, read with TensorFlow operations."""

import tensorflow as tf


def number(data, start, length, endian):
    """The unsigned number of `length` bytes at `start` of the string scalar `data`, int64."""
    raw = tf.cast(tf.io.decode_raw(tf.strings.substr(data, start, length), tf.uint8), tf.int64)
    places = range(length) if endian == "little" else range(length - 1, -1, -1)
    return tf.reduce_sum(raw * tf.constant([256**p for p in places], tf.int64))
