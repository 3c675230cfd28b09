"""What metrics of classification read from logits and labels."""

import tensorflow as tf


def true_classes(labels):
    """int32: the classes of labels.

    Labels are integers [batch, ...], or float32 [batch, classes], the shares of a mixed example's
    classes, of which the largest counts.
    """
    if labels.dtype.is_floating:
        return tf.argmax(labels, axis=-1, output_type=tf.int32)
    return tf.cast(labels, tf.int32)


def predicted_classes(logits):
    """int32 [batch, ...]: the class with the largest logit, the first of several."""
    return tf.argmax(tf.cast(logits, tf.float32), axis=-1, output_type=tf.int32)


def count_by(keys, weights, size):
    """float64 [size]: the sum of `weights` for each value of the integer `keys`, same shape."""
    sums = tf.math.unsorted_segment_sum(tf.reshape(weights, [-1]), tf.reshape(keys, [-1]), size)
    return tf.cast(sums, tf.float64)
