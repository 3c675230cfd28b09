"""Log loss: -log p of the true class, in nats.

Good, "Rational Decisions", 1952. Computed from logits, log(sum_j exp z_j) - z_c, which is exact
for any probability: nothing is clipped, and a confident mistake costs what it costs.
"""

import tensorflow as tf

from tfapp.metrics.classes import true_classes
from tfapp.metrics.mean import MeanWithSpread


class LogLoss(MeanWithSpread):
    """Mean log loss of logits [batch, classes]. Class weights and label smoothing do not enter."""

    def __init__(self):
        super().__init__("log_loss", negative_log_probability, "min")


def negative_log_probability(outputs, labels):
    """float32 [batch]: of the true class, from logits [batch, classes]."""
    logits = tf.cast(outputs, tf.float32)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(true_classes(labels), logits)
