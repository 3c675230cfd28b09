"""Metrics of examples that have any number of labels: F1, subset accuracy, Hamming loss, log loss.

Outputs are logits [batch, labels], one for each label; labels are [batch, labels], 1 for each label
that the example has. A label is answered where its probability is at least a half. Definitions as
in Tsoumakas, Katakis & Vlahavas, "Mining Multi-label Data", 2010, sec. 7.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics import intervals
from tfapp.metrics.confusion import mean_f1
from tfapp.metrics.mean import Mean, MeanWithSpread
from tfapp.metrics.metric import Metric, weighted

_BINS = 15  # of probabilities, as of the calibration error of classes


class SubsetAccuracy(Mean):
    """The share of examples whose set of labels is answered exactly."""

    def __init__(self):
        super().__init__("subset_accuracy", _whole_set, "max")

    def intervals(self, state):
        return {self.name: intervals.of_share(*state)}


class HammingLoss(MeanWithSpread):
    """The share of labels that are answered wrongly, present or absent."""

    def __init__(self):
        super().__init__("hamming_loss", _share_wrong, "min")


class LabelLogLoss(MeanWithSpread):
    """-log p of what is true of each label, in nats, the mean over labels."""

    def __init__(self):
        super().__init__("log_loss", _mean_log_loss, "min")


class MicroF1(Metric):
    """F1 = 2 tp / (2 tp + fp + fn) of the counts over all labels.

    Its interval is that of a ratio of two means over examples (Cochran, "Sampling Techniques",
    1977, sec. 2.11): of a = 2 tp and b = 2 tp + fp + fn of an example.

    State: [6]: sums of w, a, b, a^2, a b, b^2.
    """

    name = "micro_f1"
    goal = "max"

    def zero(self):
        return tf.zeros([6], tf.float64)

    def update(self, outputs, labels, weights):
        hits, wrong, missed = (tf.reduce_sum(part, -1) for part in _counts(outputs, labels))
        a, b = 2 * hits, 2 * hits + wrong + missed
        terms = [tf.ones_like(a), a, b, a * a, a * b, b * b]
        return tf.stack([_total(term, weights) for term in terms])

    def result(self, state):
        _, a, b, *_ = state
        return {self.name: float(a / b) if b else float("nan")}

    def intervals(self, state):
        count, a, b, aa, ab, bb = state
        if count < 2 or not b:
            return {self.name: (float("nan"), float("nan"))}
        ratio = a / b
        spread = max(aa - 2 * ratio * ab + ratio * ratio * bb, 0.0) * count / (count - 1)
        half = intervals.Z * float(np.sqrt(spread)) / b
        return {self.name: (float(max(ratio - half, 0.0)), float(min(ratio + half, 1.0)))}


class MacroF1(Metric):
    """The mean over labels of their F1; labels neither present nor answered are left out.

    State: [3, labels]: true positives, false positives, false negatives.
    """

    name = "macro_f1"
    goal = "max"

    @classmethod
    def for_label(cls, label):
        return cls(label.class_names)

    def __init__(self, names):
        """`names`: of the labels, in their order."""
        self._names = tuple(names)

    def zero(self):
        return tf.zeros([3, len(self._names)], tf.float64)

    def update(self, outputs, labels, weights):
        return tf.stack([_total(part, weights) for part in _counts(outputs, labels)])

    def result(self, state):
        return {self.name: mean_f1(*state)}

    def details(self, state):
        """{"labels": {"names", "true_positives", "false_positives", "false_negatives"}}, lists."""
        kinds = ("true_positives", "false_positives", "false_negatives")
        counts = {kind: row.tolist() for kind, row in zip(kinds, state, strict=True)}
        return {"labels": {"names": list(self._names), **counts}}


class LabelCalibrationError(Metric):
    """How far probabilities are from the share of labels that are present.

    As Guo et al., arXiv:1706.04599, eq. 3, over all labels of all examples: the mean of |share of
    the present - mean probability| of 15 bins of equal width.

    State: [3, 15]: labels, present ones, sum of probabilities.
    """

    name = "expected_calibration_error"
    goal = "min"

    def zero(self):
        return tf.zeros([3, _BINS], tf.float64)

    def update(self, outputs, labels, weights):
        share = weighted(tf.sigmoid(tf.cast(outputs, tf.float32)), tf.sign(weights))
        bins = tf.clip_by_value(tf.cast(share * _BINS, tf.int32), 0, _BINS - 1)
        terms = [tf.ones_like(share), tf.cast(present(labels), tf.float32), share]
        values = tf.stack(terms, -1) * weights[:, None, None]
        sums = tf.math.unsorted_segment_sum(
            tf.reshape(values, (-1, 3)), tf.reshape(bins, [-1]), _BINS
        )
        return tf.cast(tf.transpose(sums), tf.float64)

    def result(self, state):
        count, hits, shares = state
        total = count.sum()
        error = np.abs(hits - shares).sum() / total if total else float("nan")
        return {self.name: float(error)}


def present(labels):
    """bool [batch, labels]: which labels an example has."""
    return tf.cast(labels, tf.float32) >= 0.5


def log_losses(logits, labels):
    """float32 [batch, labels]: -log p of what is true of each label, 1 or 0 or a share."""
    return tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.cast(labels, tf.float32), logits=tf.cast(logits, tf.float32)
    )


def joint_log_loss(logits, labels):
    """float32 [batch]: -log p of an example's labels, as if they were independent."""
    return tf.reduce_sum(log_losses(logits, labels), axis=-1)


def _mean_log_loss(logits, labels):
    return tf.reduce_mean(log_losses(logits, labels), axis=-1)


def _answered(outputs):
    """bool [batch, labels]: a probability of at least a half."""
    return tf.cast(outputs, tf.float32) >= 0


def _whole_set(outputs, labels):
    return tf.cast(tf.reduce_all(_answered(outputs) == present(labels), axis=-1), tf.float32)


def _share_wrong(outputs, labels):
    wrong = tf.cast(_answered(outputs) != present(labels), tf.float32)
    return tf.reduce_mean(wrong, axis=-1)


def _counts(outputs, labels):
    """Hits, wrong answers, misses: float32 [batch, labels] each."""
    answered, true = _answered(outputs), present(labels)
    found = (answered & true, answered & ~true, ~answered & true)
    return tuple(tf.cast(part, tf.float32) for part in found)


def _total(values, weights):
    """float64: the weighted sum over the batch."""
    return tf.cast(tf.reduce_sum(weighted(values, weights), axis=0), tf.float64)
