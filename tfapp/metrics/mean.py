"""The mean of a value of each example: accuracy, absolute error, log loss and the like."""

import tensorflow as tf

from tfapp.metrics import intervals
from tfapp.metrics.metric import Metric, weighted


class Mean(Metric):
    """sum(w * value) / sum(w). State: [2], the two sums."""

    def __init__(self, name, function, goal):
        """
        Args:
          name: of the metric.
          function: (outputs, labels) -> float [batch].
          goal: "max" or "min".
        """
        self.name = name
        self.goal = goal
        self._function = function

    def zero(self):
        return tf.zeros([2], tf.float64)

    def update(self, outputs, labels, weights):
        values = tf.cast(self._function(outputs, labels), tf.float32)
        sums = [tf.reduce_sum(weighted(values, weights)), tf.reduce_sum(weights)]
        return tf.cast(tf.stack(sums), tf.float64)

    def result(self, state):
        """0 if no example counted."""
        total, count = state
        return {self.name: float(total / count) if count else 0.0}


class MeanWithSpread(Mean):
    """A mean of values that are never negative, with its confidence interval.

    State: [3], with sum(w * value^2) as the third sum.
    """

    def zero(self):
        return tf.zeros([3], tf.float64)

    def update(self, outputs, labels, weights):
        values = tf.cast(self._function(outputs, labels), tf.float64)
        weights = tf.cast(weights, tf.float64)
        terms = [values, tf.ones_like(values), tf.square(values)]
        return tf.stack([tf.reduce_sum(weighted(term, weights)) for term in terms])

    def result(self, state):
        return super().result(state[:2])

    def intervals(self, state):
        total, count, squares = state
        return {self.name: intervals.of_mean(total, squares, count, least=0.0)}
