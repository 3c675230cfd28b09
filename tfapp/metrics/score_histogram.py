"""Histograms of scores, and the areas under ROC and precision-recall curves that they allow.

Scores are log-odds. Bins are the same for every model and data set, so histograms add up. They are
equal steps of z / (1 + |z| / 8), which no score leaves: with 2048 bins a step is 0.008 wide at even
odds, 0.1 at |z| = 20. The order of the examples in one bin is unknown, and exact ties look like
close scores; the error bounds below allow for any order.
"""

import numpy as np
import tensorflow as tf

BINS = 2048
_SCALE = 8.0  # half of the bins lie within this many nats of even odds


def bin_of(log_odds):
    """int32 bin of float32 log-odds, of any shape; increasing. NaN counts as the lowest."""
    # Each operation is monotone in floating point, so rounding never swaps two scores; z / (1 +
    # |z| / 8) itself could.
    reach = 0.5 - 0.5 * (_SCALE / (_SCALE + tf.abs(log_odds)))
    position = tf.where(log_odds < 0, 0.5 - reach, 0.5 + reach) * BINS
    position = tf.where(tf.math.is_nan(position), 0.0, position)
    return tf.cast(tf.clip_by_value(tf.floor(position), 0, BINS - 1), tf.int32)


def log_odds_of(position):
    """The log-odds at which bin `position` begins, a float: what `bin_of` inverts."""
    reach = min(max(position / BINS - 0.5, -0.4999), 0.4999)
    size = _SCALE / (1 - 2 * abs(reach)) - _SCALE
    return float(size if reach > 0 else -size)


def roc_auc(positives, negatives):
    """The area under the ROC curve: the chance that a positive scores above a negative.

    Hanley & McNeil, Radiology 143, 1982; ties count half, and a bin is a tie.

    Args:
      positives, negatives: float64 [classes, bins], increasing scores.

    Returns:
      (value, error), float64 [classes]: the exact value lies within value +- error, with
      error = sum_b(pos_b * neg_b) / (2 P N), since only pairs within a bin are uncertain, and each
      counts between 0 and 1 instead of a half. NaN without positives or negatives.
    """
    pairs = positives.sum(-1) * negatives.sum(-1)
    above = _above(positives)
    value = ((above + positives / 2) * negatives).sum(-1)
    return _ratio(value, pairs), _ratio((positives * negatives).sum(-1) / 2, pairs)


def average_precision(positives, negatives):
    """The area under the precision-recall curve, as the mean precision at each positive.

    sum_n (R_n - R_{n-1}) P_n over decreasing thresholds, without interpolation (Davis & Goadrich,
    ICML 2006, on why not); a bin is one threshold.

    With T positives and F negatives above a bin of p and n, a positive of the bin sees the
    precision (T + i) / (T + i + F + k), i being between its own rank and p, k between 0 and n. So
    the bin's share of the sum is at most p (T + p) / (T + p + F) (all positives first, tied), and
    at least the integral from 0 to p of (T + x) / (T + x + A), A = F + n, which is
    p - A log(1 + p / (T + A)) (all negatives first).

    Args:
      positives, negatives: float64 [classes, bins], increasing scores.

    Returns:
      (value, low, high), float64 [classes]: the exact value lies within [low, high]. NaN without
      positives or negatives.
    """
    first, others = _above(positives), _above(negatives)
    reached, wrong = first + positives, others + negatives
    value = positives * _ratio(reached, reached + wrong, empty=0.0)
    high = positives * _ratio(reached, reached + others, empty=0.0)
    low = positives - wrong * np.log1p(_ratio(positives, first + wrong, empty=0.0))
    total, defined = positives.sum(-1), negatives.sum(-1) > 0
    return tuple(
        np.where(defined, _ratio(part.sum(-1), total), np.nan) for part in (value, low, high)
    )


def _above(counts):
    """The sum over the higher bins, for each bin."""
    return counts.sum(-1, keepdims=True) - np.cumsum(counts, axis=-1)


def _ratio(a, b, *, empty=np.nan):
    """a / b, `empty` where b is 0."""
    return np.divide(a, b, out=np.full(np.shape(a), empty), where=b > 0)
