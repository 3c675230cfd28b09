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


def sum_by(keys, values, size):
    """float64 [size, ...]: the sum of `values` [n, ...] for each value of the integers keys [n]."""
    return tf.cast(tf.math.unsorted_segment_sum(values, keys, size), tf.float64)
