"""Expected calibration error: how far confidence is from accuracy.

Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, eq. 3: the probability of
the predicted class falls into one of M = 15 bins ((m - 1) / M, m / M]; the error is the mean over
examples of |accuracy - mean confidence| of their bin.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.accuracy import correct
from tfapp.metrics.classes import sum_by
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
        confidence = weighted(confidence, tf.sign(weights))  # 0 where it is NaN in padding
        position = tf.cast(tf.math.ceil(confidence * _BINS), tf.int32) - 1
        terms = [tf.ones_like(confidence), correct(outputs, labels), confidence]
        values = tf.stack(terms, 1) * weights[:, None]
        return tf.transpose(sum_by(tf.clip_by_value(position, 0, _BINS - 1), values, _BINS))

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
