"""Serialized tf.Examples for tests."""

import numpy as np
import tensorflow as tf


def example(**values):
    """A serialized tf.Example.

    Args:
      values: name -> bytes, int or float, a list or array of these, or None: a feature without a
        kind.
    """
    feature = {name: _feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def _feature(value):
    if value is None:
        return tf.train.Feature()
    values = np.ravel(np.array(value, object)).tolist()
    if any(isinstance(v, bytes) for v in values):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if any(isinstance(v, float) for v in values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
