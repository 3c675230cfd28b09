"""How much noise a small table's quantity holds, and how strong a decay it therefore needs.

The best penalty of a ridge regression is the ratio of noise to signal (Hoerl & Kennard, "Ridge
Regression: Biased Estimation for Nonorthogonal Problems", 1970). The rule for small tables is for
those whose label is noise by half; where a linear model alone predicts it well, a decay as strong
keeps a network from learning what is there.
"""

import numpy as np

from tfapp.data.preprocessing.explained import wide
from tfapp.data.splits.split_names import TRAIN
from tfapp.experiment.recipe.rules import LEAST_DECAY, is_small
from tfapp.spec import TABLE, kind_of_data

_MOST_WIDE = 500  # columns of the linear model
_PENALTIES = 10.0 ** np.arange(-2, 5, 0.5)


def weaker(decay, data):
    """The rule's weight decay, or a weaker one for a quantity of which a linear model knows more.

    Args:
      decay: that of the rule, for noise and signal of equal size.
      data: a `Data`.
    """
    label, rows = data.spec.label, data.source.splits[TRAIN].num_examples
    if label.kind != "real" or kind_of_data(data.inputs, label) != TABLE:
        return decay
    if not is_small(rows, len(data.inputs)):
        return decay
    arrays = data.source.splits[TRAIN].arrays()
    inputs, target = data.preprocess(arrays), np.asarray(arrays[label.name], np.float64)
    if data.preprocess.target.shift is not None:
        target = np.log(target + data.preprocess.target.shift)
    values = inputs.values() if isinstance(inputs, dict) else [inputs]
    noise = unexplained([np.asarray(value) for value in values], target)
    ratio = noise / max(1 - noise, 1e-9)
    return float(f"{max(decay * min(ratio, 1), min(decay, LEAST_DECAY)):.2g}")


def unexplained(inputs, target):
    """The share of the target's variance that a ridge regression does not predict, from 0 to 1.

    Each row is predicted from all others (Allen, "The Relationship between Variable Selection and
    Data Augmentation and a Method for Prediction", 1974), with the penalty that does best.

    Args:
      inputs: arrays [rows, ...]: numbers, or the ids of categories, which become one-hot.
      target: float64 [rows] or [rows, values].
    """
    rows = len(target)
    x, y = _columns(inputs, rows), target.reshape(rows, -1)
    y = _standardised(y)
    variation = np.square(y).sum()
    if rows < 3 or not x.shape[1] or not variation:
        return 1.0
    squares, right = np.linalg.eigh(x.T @ x)
    kept = squares > 1e-9 * squares[-1]
    squares, left = squares[kept], x @ (right[:, kept] / np.sqrt(squares[kept]))
    found = []
    for penalty in _PENALTIES:
        share = squares / (squares + penalty)
        own = 1 / rows + np.square(left) @ share  # weight of a row in its own prediction
        errors = (y - left @ (share[:, None] * (left.T @ y))) / np.maximum(1 - own, 1e-6)[:, None]
        found.append(np.square(errors).sum() / variation)
    return float(np.clip(min(found), 0, 1))


def _columns(inputs, rows):
    """float64 [rows, width]: standardised numbers, and categories of few values, one-hot."""
    parts, width = [np.zeros((rows, 0))], 0
    for values in inputs:
        part = wide(values, _MOST_WIDE - width)
        if np.issubdtype(values.dtype, np.integer):
            part -= part.mean(axis=0)
        else:
            part = _standardised(part)
        parts.append(part)
        width += part.shape[1]
    return np.concatenate(parts, axis=1)


def _standardised(values):
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
