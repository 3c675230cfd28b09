"""How a real label is scaled for the model: standardised, or its logarithm is.

Squared errors of a label with a heavy tail are those of its few largest values. The logarithm is
learnt instead by one rule on train: no label is below 0 (with zeros, log(1 + y) is taken), there
are 100 of them, ten distinct ones, their skewness is above 10, that of the logarithm at most a
third of it, in absolute value, and a linear model of the features explains less than half of the
logarithm's variance (`explained`). Where it explains more, the largest labels are predicted and
not noise, and a network that learns the label itself has smaller errors there.
"""

from typing import NamedTuple

import numpy as np

from tfapp.data.preprocessing.standardize import moments

AUTO, NONE, LOG = "auto", "none", "log"
_SKEWED, _LESS = 10.0, 1 / 3
_FEWEST, _DISTINCT = 100, 10
_PREDICTED = 0.5  # of the logarithm's variance


class Target(NamedTuple):
    """Statistics of the labels of train, float32 of one label's shape."""

    mean: np.ndarray  # of the logarithm, where that is learnt
    std: np.ndarray  # 1 where it is 0
    shift: np.ndarray | None = None  # log(label + shift) is learnt; None: the label itself
    largest: np.ndarray | None = None  # logarithm on train


def fit(labels, transform, explained=lambda shift: 0.0):
    """Fits on real labels [num_examples, ...].

    Args:
      labels: of train.
      transform: "auto" (by the rule above), "none" or "log".
      explained: what is added under the logarithm -> R2 of a linear model of the features, for
        log(label + shift) of some examples.

    Returns:
      (a `Target`, why the logarithm is learnt or "").

    Raises:
      ValueError: a label has no logarithm.
    """
    shift, why = _shift(labels, transform, explained)
    if shift is not None:
        labels = np.log(labels.astype(np.float64) + shift)
    mean, std = moments(labels, (0,))
    std = np.where(std > 1e-12, std, 1.0)
    target = Target(mean.astype(np.float32), std.astype(np.float32))
    if shift is None:
        return target, ""
    return target._replace(shift=np.float32(shift), largest=np.float32(labels.max())), why


def _shift(labels, transform, explained):
    """(what is added under the logarithm or None for no logarithm, why)."""
    if transform == NONE:
        return None, ""
    low = labels.min()
    shift = 0.0 if low > 0 else 1.0
    if transform == LOG:
        if low < 0 or labels.ndim > 1:
            raise ValueError(f"is {low:g} somewhere" if low < 0 else "has several values")
        return shift, "--target_transform=log"
    if low < 0 or labels.ndim > 1 or len(labels) < _FEWEST:
        return None, ""
    values = labels.astype(np.float64)
    before = _skewness(values)
    if not before > _SKEWED or len(np.unique(labels)) < _DISTINCT:
        return None, ""
    after = _skewness(np.log(values + shift))
    if abs(after) > before * _LESS:
        return None, ""
    r2 = explained(shift)
    if r2 > _PREDICTED:
        return None, ""
    return shift, (
        f"skewness {before:.1f}, of the logarithm {after:.1f}, of whose variance a linear model "
        f"explains {max(r2, 0):.0%}"
    )


def _skewness(values):
    centred = values - values.mean()
    variance = np.mean(centred * centred)
    return float(np.mean(centred**3) / variance**1.5) if variance > 0 else 0.0
