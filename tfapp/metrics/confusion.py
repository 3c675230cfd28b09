"""Metrics of the confusion matrix: the matrix itself, and macro-averaged F1."""

import numpy as np
import tensorflow as tf

from tfapp.metrics.classes import predicted_classes, sum_by, true_classes
from tfapp.metrics.metric import Metric

MOST_CLASSES = 100  # a larger matrix is unreadable


class ConfusionMatrix(Metric):
    """How often each class was taken for each. It has no result, only details.

    State: [classes, classes], a row a true class, a column a predicted one.
    """

    name = "confusion_matrix"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.class_names) if label.num_classes <= MOST_CLASSES else None

    def __init__(self, class_names):
        """`class_names`: at most `MOST_CLASSES`, in the order of the classes."""
        self._class_names = tuple(class_names)

    def zero(self):
        return tf.zeros([len(self._class_names)] * 2, tf.float64)

    def update(self, outputs, labels, weights):
        size = len(self._class_names)
        cells = true_classes(labels) * size + predicted_classes(outputs)
        return tf.reshape(sum_by(cells, weights, size * size), (size, size))

    def result(self, state):
        del state
        return {}

    def details(self, state):
        """{"confusion_matrix": {"classes": names, "counts": rows of counts}}."""
        whole = np.array_equal(state, np.rint(state))
        counts = state.astype(np.int64) if whole else state
        return {self.name: {"classes": list(self._class_names), "counts": counts.tolist()}}


class MacroF1(Metric):
    """The mean over classes of F1 = 2 tp / (2 tp + fp + fn).

    Van Rijsbergen, "Information Retrieval", 1979, averaged as Opitz & Burst, arXiv:1911.03347,
    recommend: the mean of the classes' F1. Classes that are neither true nor predicted of any
    example are left out.

    State: [3, classes]: true positives, false positives, false negatives.
    """

    name = "macro_f1"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.num_classes)

    def __init__(self, num_classes):
        self._num_classes = num_classes

    def zero(self):
        return tf.zeros([3, self._num_classes], tf.float64)

    def update(self, outputs, labels, weights):
        true, predicted = true_classes(labels), predicted_classes(outputs)
        hit = tf.where(true == predicted, weights, 0.0)
        miss, none = weights - hit, tf.zeros_like(hit)
        # One sum over both keys: an example is a hit or a miss of its class, and a false positive
        # of the class it is taken for.
        values = tf.concat([tf.stack([hit, none, miss], 1), tf.stack([none, miss, none], 1)], 0)
        return tf.transpose(sum_by(tf.concat([true, predicted], 0), values, self._num_classes))

    def result(self, state):
        return {self.name: mean_f1(*state)}


def mean_f1(hits, wrong, missed):
    """The mean F1 of the classes that occur; NaN if none does.

    Args:
      hits, wrong, missed: true positives, false positives and false negatives, float64 [classes].
    """
    total = 2 * hits + wrong + missed
    occurs = total > 0
    scores = 2 * hits[occurs] / total[occurs]
    return float(scores.mean()) if occurs.any() else float("nan")
