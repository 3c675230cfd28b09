"""Accuracy and top-k accuracy: the true class is the most probable one, or among the first k."""

import tensorflow as tf

from tfapp.metrics import intervals
from tfapp.metrics.classes import predicted_classes, true_classes
from tfapp.metrics.mean import Mean

_FEW_CLASSES = 10  # with so many, a guess is among the first five half of the time


class Accuracy(Mean):
    """The share of examples whose true class has the largest logit."""

    def __init__(self):
        super().__init__("accuracy", correct, "max")

    def intervals(self, state):
        return {self.name: intervals.of_share(*state)}


class TopKAccuracy(Mean):
    """The share of examples whose true class is among the k largest logits.

    Classes with equal logits rank in their order, as in `tf.math.top_k`, so a model that answers
    the same for all classes gains nothing. Used for more than 10 classes (Russakovsky et al.,
    arXiv:1409.0575, report top-5 for 1000).
    """

    @classmethod
    def for_label(cls, label):
        return cls() if label.num_classes > _FEW_CLASSES else None

    def __init__(self, k=5):
        super().__init__(f"top_{k}_accuracy", lambda *pair: _within(k, *pair), "max")

    def intervals(self, state):
        return {self.name: intervals.of_share(*state)}


def correct(outputs, labels):
    """float32 [batch, ...]: 1 where the largest logit is the true class."""
    return tf.cast(predicted_classes(outputs) == true_classes(labels), tf.float32)


def _within(k, outputs, labels):
    """float32 [batch]: 1 where fewer than k classes rank above the true one."""
    logits, classes = tf.cast(outputs, tf.float32), true_classes(labels)
    true = tf.gather(logits, classes, batch_dims=1, axis=1)[:, None]
    before = tf.range(logits.shape[-1]) < classes[:, None]
    above = (logits > true) | ((logits == true) & before)
    rank = tf.reduce_sum(tf.cast(above, tf.int32), axis=-1)
    # NaN compares as false with everything and would rank first.
    return tf.cast((rank < k) & ~tf.math.is_nan(true[:, 0]), tf.float32)
