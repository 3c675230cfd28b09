"""The log loss at many temperatures at once, from which the best one follows.

Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599, sec. 4.2: logits divided
by one temperature T, chosen on validation, are calibrated without a change of any answer's class.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.log_loss import negative_log_probability
from tfapp.metrics.metric import Metric, weighted

_GRID = np.geomspace(0.1, 10.0, 81)  # odd: 1 is in its middle
_ONE = len(_GRID) // 2
# Half the 95% quantile of chi-squared with one degree of freedom: what one useless parameter gains
# in log likelihood at most, in 19 of 20 cases (the likelihood-ratio test).
_BY_CHANCE = 1.92


class Temperature(Metric):
    """Of logits. State: [82]: the sum of log losses at each of 81 temperatures between 0.1 and 10,
    and the number of examples.
    """

    name = "temperature"
    goal = "min"

    def __init__(self, log_loss=negative_log_probability):
        """`log_loss`: (float32 logits [batch, ...], labels) -> float32 [batch], -log likelihood."""
        self._log_loss = log_loss

    def zero(self):
        return tf.zeros([len(_GRID) + 1], tf.float64)

    def update(self, outputs, labels, weights):
        logits = tf.cast(outputs, tf.float32)

        def log_loss(temperature):
            losses = self._log_loss(logits / tf.cast(temperature, tf.float32), labels)
            return tf.cast(tf.reduce_sum(weighted(losses, weights)), tf.float64)

        sums = tf.map_fn(log_loss, tf.constant(_GRID), fn_output_signature=tf.float64)
        return tf.concat([sums, [tf.cast(tf.reduce_sum(weights), tf.float64)]], axis=0)

    def result(self, state):
        """{"temperature": the best one; 1 where another gains no more than chance would}."""
        losses = state[:-1]
        best = int(np.argmin(losses)) if np.isfinite(losses).all() else _ONE
        if losses[_ONE] - losses[best] <= _BY_CHANCE:
            return {self.name: 1.0}
        return {self.name: float(np.exp(_vertex(np.log(_GRID), losses, best)))}

    def details(self, state):
        """{"log_loss": at temperature 1}."""
        return {"log_loss": float(state[_ONE] / state[-1]) if state[-1] else None}


def _vertex(x, y, i):
    """Where the parabola through three neighbouring points, the lowest at `i`, has its minimum."""
    if i in (0, len(x) - 1):
        return x[i]
    left, middle, right = y[i - 1 : i + 2]
    curvature = left - 2 * middle + right
    shift = 0.5 * (left - right) / curvature if curvature > 0 else 0.0
    return x[i] + shift * (x[1] - x[0])
