"""Metrics of quantiles: pinball loss, coverage and width of an interval, scores to adjust them by.

Outputs are [batch, quantiles], ascending, and labels [batch, 1], both standardised; `scale` turns
their difference into the label's own unit.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics import intervals, score_histogram
from tfapp.metrics.classes import sum_by
from tfapp.metrics.metric import Metric, weighted
from tfapp.metrics.of_outputs import OfOutputs

_FINE = 32.0  # factor of scores: with it a bin near 0 is 0.0002 standard deviations wide


class PinballLoss(Metric):
    """mean(max(q (t - y), (q - 1) (t - y))), Koenker & Bassett, Econometrica 46, 1978.

    Each quantile's own as pinball_loss_q0.05, and as pinball_loss the mean over them. A model that
    knows nothing but the label's distribution does best by answering its quantiles.

    State: [quantiles + 3]: the sum for each quantile, then of w, of an example's mean loss and of
    its square.
    """

    name = "pinball_loss"
    goal = "min"

    def __init__(self, quantiles, names, scale=1.0):
        """
        Args:
          quantiles: ascending, between 0 and 1.
          names: of the quantiles.
          scale: float32 [1] or a number.
        """
        self._quantiles = quantiles
        self._names = tuple(names)
        self._scale = scale

    def zero(self):
        return tf.zeros([len(self._quantiles) + 3], tf.float64)

    def update(self, outputs, labels, weights):
        losses = pinball(outputs, labels, self._quantiles) * self._scale
        losses, weights = tf.cast(losses, tf.float64), tf.cast(weights, tf.float64)
        mean = tf.reduce_mean(losses, axis=-1)
        terms = [tf.ones_like(mean), mean, tf.square(mean)]
        sums = [tf.reduce_sum(weighted(term, weights)) for term in terms]
        return tf.concat([tf.reduce_sum(weighted(losses, weights), axis=0), sums], axis=0)

    def result(self, state):
        *losses, count, mean, _ = state / max(state[-3], 1.0)
        del count
        each = {f"{self.name}_{n}": float(v) for n, v in zip(self._names, losses, strict=True)}
        return {self.name: float(mean), **each}

    def intervals(self, state):
        count, total, squares = state[-3:]
        return {self.name: intervals.of_mean(total, squares, count)}


class Coverage(Metric):
    """The share of labels between the lowest and the highest quantile, and the width of between.

    As coverage, to be compared with the difference of the two quantiles, and as mean_width, in the
    label's unit. State: [4]: sums of w, of those inside, of the width and of its square.
    """

    name = "coverage"
    goal = "max"

    def __init__(self, nominal, scale=1.0):
        """
        Args:
          nominal: the highest quantile minus the lowest one.
          scale: float32 [1] or a number.
        """
        self._nominal = nominal
        self._scale = scale

    def zero(self):
        return tf.zeros([4], tf.float64)

    def update(self, outputs, labels, weights):
        outputs, labels = tf.cast(outputs, tf.float32), tf.cast(labels, tf.float32)
        low, high = outputs[:, :1], outputs[:, -1:]
        inside = tf.cast((low <= labels) & (labels <= high), tf.float64)[:, 0]
        width = tf.cast((high - low) * self._scale, tf.float64)[:, 0]
        terms = [tf.ones_like(width), inside, width, tf.square(width)]
        weights = tf.cast(weights, tf.float64)
        return tf.stack([tf.reduce_sum(weighted(term, weights)) for term in terms])

    def result(self, state):
        count, inside, width, _ = state
        count = max(count, 1.0)
        return {self.name: float(inside / count), "mean_width": float(width / count)}

    def intervals(self, state):
        count, inside, width, squares = state
        return {
            self.name: intervals.of_share(inside, count),
            "mean_width": intervals.of_mean(width, squares, count),
        }

    def details(self, state):
        """{"nominal_coverage": what the coverage should be}."""
        del state
        return {"nominal_coverage": round(self._nominal, 10)}


class OfColumn(OfOutputs):
    """A metric of one column of the outputs."""

    def __init__(self, metric, column):
        """`metric`: of outputs and labels [batch, 1]; `column`: of the outputs."""
        super().__init__(metric)
        self._column = column

    def change(self, outputs):
        return outputs[:, self._column, None]


class ConformalOffsets(Metric):
    """By how much each quantile must move so that its share of the labels lies below it.

    Conformalized quantile regression with separate tails (Romano, Patterson & Candès,
    arXiv:1905.03222, theorem 2): the offset of the quantile q is the score t - y at rank (n + 1) q
    of n examples, rounded away from the median. It is 0 where the share below y differs from q by
    no more than chance would have it in 19 of 20 cases. Offsets are exact to the width of a bin,
    which is rounded away from the median too.

    State: [quantiles, bins + 1]: a histogram of scores for each quantile, and the number of labels
    that are at most y.
    """

    name = "offsets"
    goal = "min"

    def __init__(self, quantiles, names):
        """`quantiles`: see `PinballLoss`; `names`: of the results."""
        self._quantiles = quantiles
        self._names = tuple(names)

    def zero(self):
        return tf.zeros([len(self._quantiles), score_histogram.BINS + 1], tf.float64)

    def update(self, outputs, labels, weights):
        scores = tf.cast(labels, tf.float32) - tf.cast(outputs, tf.float32)
        count, bins = len(self._quantiles), score_histogram.BINS
        cells = tf.range(count) * bins + score_histogram.bin_of(scores * _FINE)
        sums = sum_by(tf.reshape(cells, [-1]), tf.repeat(weights, count), count * bins)
        below = tf.reduce_sum(weighted(tf.cast(scores <= 0, tf.float32), weights), axis=0)
        below = tf.cast(below, tf.float64)[:, None]
        return tf.concat([tf.reshape(sums, (count, bins)), below], axis=1)

    def result(self, state):
        """Name -> offset, in standard deviations of the label."""
        offsets = map(_offset, self._quantiles, state)
        return dict(zip(self._names, offsets, strict=True))


def pinball(outputs, labels, quantiles):
    """float32 [batch, quantiles]: the pinball loss of each quantile.

    Args:
      outputs: [batch, quantiles].
      labels: [batch, 1].
      quantiles: their levels, between 0 and 1.
    """
    above = tf.cast(labels, tf.float32) - tf.cast(outputs, tf.float32)
    levels = tf.constant(quantiles, tf.float32)
    return tf.maximum(levels * above, (levels - 1) * above)


def _offset(quantile, state):
    """The offset of one quantile from its row of the state."""
    counts, below = state[:-1], state[-1]
    total = counts.sum()
    chance = intervals.Z * np.sqrt(total * quantile * (1 - quantile))
    if abs(below - total * quantile) <= chance:
        return 0.0
    upper = quantile > 0.5
    rank = (total + 1) * quantile
    rank = np.ceil(rank) if upper else np.floor(rank)
    reached = np.cumsum(counts) >= np.clip(rank, 1, total)
    place = int(np.argmax(reached)) + (1 if upper else 0)  # the upper or lower edge of its bin
    edge = np.clip(place, 1, score_histogram.BINS - 1)  # the outermost edges are infinite
    return score_histogram.log_odds_of(edge) / _FINE
