"""Areas under the ROC and the precision-recall curve of a classifier, from score histograms."""

import numpy as np
import tensorflow as tf

from tfapp.metrics import intervals, score_histogram
from tfapp.metrics.classes import predicted_classes, sum_by, true_classes
from tfapp.metrics.metric import Metric

MOST_CLASSES = 100  # whose histograms take 3 MB, added up at every step


class AreasUnderCurves(Metric):
    """ROC-AUC as "roc_auc", average precision as "pr_auc".

    With two classes, of the second against the first; with more, the mean over classes of one
    against the rest, of those that have examples on both sides (NaN if none has). The error of
    binning is derived in `tfapp.metrics.score_histogram`; `details` gives it for the data at hand.

    State: [2, curves, bins]: histograms of positives and of negatives; one curve for two classes,
    else one a class.
    """

    name = "roc_auc"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.num_classes) if 2 <= label.num_classes <= MOST_CLASSES else None

    def __init__(self, num_classes):
        """`num_classes`: from 2 to `MOST_CLASSES`."""
        self._num_classes = num_classes
        self._curves = 1 if num_classes == 2 else num_classes

    def zero(self):
        return tf.zeros([2, self._curves, score_histogram.BINS], tf.float64)

    def update(self, outputs, labels, weights):
        logits, true = tf.cast(outputs, tf.float32), true_classes(labels)
        if self._num_classes == 2:
            scores = logits[:, 1:] - logits[:, :1]
            positive = (true == 1)[:, None]
        else:
            scores = log_odds(logits)
            positive = true[:, None] == tf.range(self._num_classes)
        curve = tf.range(self._curves)
        row = tf.where(positive, curve, curve + self._curves)
        cells = row * score_histogram.BINS + score_histogram.bin_of(scores)
        counts = tf.repeat(weights, self._curves)
        sums = sum_by(tf.reshape(cells, [-1]), counts, 2 * self._curves * score_histogram.BINS)
        return tf.reshape(sums, (2, self._curves, score_histogram.BINS))

    def result(self, state):
        value, _ = score_histogram.roc_auc(*state)
        precision, _, _ = score_histogram.average_precision(*state)
        return {"roc_auc": _mean(value), "pr_auc": _mean(precision)}

    def intervals(self, state):
        """Of the ROC-AUC of two classes."""
        if self._num_classes != 2:
            return {}
        value, _ = score_histogram.roc_auc(*state)
        return {self.name: intervals.of_roc_auc(float(value[0]), *state.sum((1, 2)))}

    def details(self, state):
        """{"roc_auc_error": e, "pr_auc_interval": [low, high]}.

        The exact ROC-AUC lies within e of "roc_auc", the exact average precision in the interval.
        """
        _, error = score_histogram.roc_auc(*state)
        _, low, high = score_histogram.average_precision(*state)
        return {"roc_auc_error": _mean(error), "pr_auc_interval": [_mean(low), _mean(high)]}


def log_odds(logits):
    """float32 [batch, classes]: log(p_c / (1 - p_c)) of the softmax, also where p_c rounds to 1.

    Infinite above 87, where 1 - p_c leaves float32.
    """
    log_p = tf.nn.log_softmax(logits)
    is_first = predicted_classes(logits)[:, None] == tf.range(logits.shape[-1])
    # 1 - p cancels for the most probable class only: there it is the sum of the others.
    others = tf.where(is_first, 0.0, tf.exp(log_p))
    rest = tf.where(is_first, tf.reduce_sum(others, axis=-1, keepdims=True), 1.0 - others)
    return log_p - tf.math.log(rest)


def _mean(values):
    """The mean of those that are defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
