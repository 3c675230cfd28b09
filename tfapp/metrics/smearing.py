"""What turns the exponential of a predicted logarithm into a mean: one factor.

The exponential of the mean logarithm is the geometric mean, which lies below the mean. Duan,
"Smearing Estimate", JASA 78, 1983, multiplies it by a factor that is estimated from the errors,
whatever their distribution. Here it is the factor with the least squared error: the same where
errors are alike for small and large predictions, and right for the large ones where they are not.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.metric import Metric, weighted


class Smearing(Metric):
    """Of outputs and labels [batch, 1] in the label's unit.

    State: [6]: sums of w, and of w times a b, b^2, a^2 b^2, a b^3 and b^4 for a label a and a
    prediction b, both plus the shift under the logarithm.
    """

    name = "smearing"
    goal = "min"

    def __init__(self, shift):
        """`shift`: 1 for log(1 + y), 0 for log(y)."""
        self._shift = shift

    def zero(self):
        return tf.zeros([6], tf.float64)

    def update(self, outputs, labels, weights):
        a, b = (tf.cast(values[:, 0], tf.float64) + self._shift for values in (labels, outputs))
        weights = tf.cast(weights, tf.float64)
        terms = [tf.ones_like(a), a * b, b**2, a**2 * b**2, a * b**3, b**4]
        return tf.stack([tf.reduce_sum(weighted(term, weights)) for term in terms])

    def result(self, state):
        """{"smearing": the factor}, as far from 1 as its standard error lets one believe.

        Shrunk by the positive-part rule of James & Stein, 1961; 1 without examples.
        """
        count, ab, bb, aabb, abbb, bbbb = state
        if count < 2 or not ab > 0 or not np.isfinite(state).all():
            return {self.name: 1.0}
        factor = ab / bb
        # White's variance (Econometrica 48, 1980): errors need not be alike.
        variance = max(aabb - 2 * factor * abbb + factor**2 * bbbb, 0.0) / bb**2
        gain = factor - 1
        kept = max(1 - variance / gain**2, 0.0) if gain else 0.0
        return {self.name: float(1 + kept * gain)}
