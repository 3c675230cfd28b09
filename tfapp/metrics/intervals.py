"""95% confidence intervals of what a split shows about examples that were not in it.

They cover the chance of having drawn these examples, not that of having trained with another seed.
"""

import math

import numpy as np

Z = 1.959963984540054  # of the normal distribution, between -Z and Z lie 95%


def of_share(successes, count):
    """Wilson's score interval of a share (JASA 22, 1927): also right near 0 and 1.

    Returns:
      (low, high), floats; (0, 1) without examples.
    """
    if not count:
        return 0.0, 1.0
    share, spread = successes / count, Z * Z / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / 4 / count)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def of_mean(total, squares, count, *, least=-math.inf):
    """Of the mean of independent values, from their sum, the sum of their squares, their number.

    Args:
      total, squares, count: these three.
      least: that no value can be below, so neither can their mean.

    Returns:
      (low, high), floats; NaN with fewer than two examples.
    """
    if count < 2:
        return math.nan, math.nan
    mean = total / count
    variance = max(squares / count - mean * mean, 0.0) * count / (count - 1)
    half = Z * math.sqrt(variance / count)
    return max(float(mean - half), least), float(mean + half)


def of_roc_auc(value, positives, negatives):
    """Hanley & McNeil, Radiology 143, 1982, eq. 1, with their Q1 and Q2 of exponential scores.

    Returns:
      (low, high), floats; NaN without positives or negatives.
    """
    if not (positives and negatives and np.isfinite(value)):
        return math.nan, math.nan
    both, other = value / (2 - value), 2 * value * value / (1 + value)
    variance = value * (1 - value) + (positives - 1) * (both - value * value)
    variance = (variance + (negatives - 1) * (other - value * value)) / (positives * negatives)
    half = Z * math.sqrt(max(variance, 0.0))
    return max(value - half, 0.0), min(value + half, 1.0)
