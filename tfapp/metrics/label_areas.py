"""Areas under the ROC and the precision-recall curve of each label, from score histograms."""

import numpy as np
import tensorflow as tf

from tfapp.metrics import score_histogram
from tfapp.metrics.auc import MOST_CLASSES
from tfapp.metrics.classes import sum_by
from tfapp.metrics.label_sets import present
from tfapp.metrics.metric import Metric


class LabelAreas(Metric):
    """ROC-AUC as "roc_auc", average precision as "pr_auc": means over labels.

    Of examples that have the label against those that lack it; labels that all or none have are
    left out. The error of binning is derived in `tfapp.metrics.score_histogram`.

    State: [2, labels, bins]: histograms of the logits of positives and of negatives.
    """

    name = "roc_auc"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.num_classes) if label.num_classes <= MOST_CLASSES else None

    def __init__(self, num_labels):
        """`num_labels`: at most `MOST_CLASSES`."""
        self._num_labels = num_labels

    def zero(self):
        return tf.zeros([2, self._num_labels, score_histogram.BINS], tf.float64)

    def update(self, outputs, labels, weights):
        column = tf.range(self._num_labels)
        row = tf.where(present(labels), column, column + self._num_labels)
        bins = score_histogram.bin_of(tf.cast(outputs, tf.float32))
        cells = tf.reshape(row * score_histogram.BINS + bins, [-1])
        size = 2 * self._num_labels * score_histogram.BINS
        sums = sum_by(cells, tf.repeat(weights, self._num_labels), size)
        return tf.reshape(sums, (2, self._num_labels, score_histogram.BINS))

    def result(self, state):
        roc, _ = score_histogram.roc_auc(*state)
        precision, _, _ = score_histogram.average_precision(*state)
        return {"roc_auc": _mean(roc), "pr_auc": _mean(precision)}

    def details(self, state):
        """{"roc_auc_error": e, "pr_auc_interval": [low, high]}: see `AreasUnderCurves`."""
        _, error = score_histogram.roc_auc(*state)
        _, low, high = score_histogram.average_precision(*state)
        return {"roc_auc_error": _mean(error), "pr_auc_interval": [_mean(low), _mean(high)]}


def _mean(values):
    """The mean of those that are defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
