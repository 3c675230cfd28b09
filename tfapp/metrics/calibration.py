"""Expected calibration error: how far confidence is from accuracy.

Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, eq. 3: the probability of
the predicted class falls into one of M = 15 bins ((m - 1) / M, m / M]; the error is the mean over
examples of |accuracy - mean confidence| of their bin.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.accuracy import correct
from tfapp.metrics.metric import Metric, weighted

_BINS = 15


class ExpectedCalibrationError(Metric):
    """Of logits [batch, classes]. State: [3, 15]: examples, correct ones, sum of confidences."""

    name = "expected_calibration_error"
    goal = "min"

    def zero(self):
        return tf.zeros([3, _BINS], tf.float64)

    def update(self, outputs, labels, weights):
        confidence = tf.reduce_max(tf.nn.softmax(tf.cast(outputs, tf.float32)), axis=-1)
        position = tf.clip_by_value(tf.math.ceil(confidence * _BINS) - 1, 0, _BINS - 1)
        member = position[:, None] == tf.range(_BINS, dtype=tf.float32)
        terms = [tf.ones_like(confidence), correct(outputs, labels), confidence]
        sums = [
            tf.reduce_sum(tf.where(member, weighted(term, weights)[:, None], 0.0), axis=0)
            for term in terms
        ]
        return tf.cast(tf.stack(sums), tf.float64)

    def result(self, state):
        count, hits, confidence = state
        total = count.sum()
        error = np.abs(hits - confidence).sum() / total if total else float("nan")
        return {self.name: float(error)}

    def details(self, state):
        """{"calibration": {"examples", "accuracy", "confidence"}}, lists of one entry a bin.

        Accuracy and confidence of a bin without examples are None.
        """
        count, hits, confidence = state
        means = [
            [float(s / c) if c else None for s, c in zip(sums, count, strict=True)]
            for sums in (hits, confidence)
        ]
        return {
            "calibration": {
                "examples": count.tolist(),
                "accuracy": means[0],
                "confidence": means[1],
            }
        }
