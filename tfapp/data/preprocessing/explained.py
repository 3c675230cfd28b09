"""How much of a real label's variance the features explain to a linear model, in a moment.

Ridge regression in closed form on what the model is given of numbers, dates and categories, squares
included, fitted on half of a sample and measured on the other.
"""

import math

import numpy as np
import tensorflow as tf

_ROWS = 4000
_MOST_IDS = 50  # of a column that takes part, one-hot
_MOST_WIDE = 500  # columns of the linear model
_RIDGE = 0.01  # times the number of rows, for columns of variance 1


def explained(transforms, arrays, target):
    """R2 on rows that were not fitted, the mean of two halves; at most 1, below 0 if it is no use.

    Args:
      transforms: feature name -> fitted `Transform`.
      arrays: name -> raw column of the same examples.
      target: float64 [num_examples].
    """
    rows = np.random.default_rng(0).permutation(len(target))[:_ROWS]
    parts, width = [np.zeros((len(rows), 0))], 0
    for name, transform in transforms.items():
        values = _columns(transform, arrays[name][rows])
        width += values.shape[1]
        if width > _MOST_WIDE:
            break
        parts.append(values)
    x, y = np.concatenate(parts, axis=1), target[rows]
    first, second = np.arange(len(rows)) % 2 == 0, np.arange(len(rows)) % 2 == 1
    return float(np.mean([_r2(x, y, first, second), _r2(x, y, second, first)]))


def wide(inputs, most):
    """What a linear model takes of one column.

    Args:
      inputs: NumPy [n, ...], what a model is given of it: numbers, or the ids of categories.
      most: columns of the result at most.

    Returns:
      float64 [n, width], the numbers or one-hot ids; [n, 0] of a text's tokens, and of too many.
    """
    nothing = np.zeros((len(inputs), 0))
    if not np.issubdtype(inputs.dtype, np.integer):
        flat = inputs.reshape(len(inputs), -1)
        return flat.astype(np.float64) if flat.shape[1] <= most else nothing
    if inputs.ndim > 1:
        return nothing
    distinct = np.unique(inputs)
    return (inputs[:, None] == distinct).astype(np.float64) if len(distinct) <= most else nothing


def _columns(transform, column):
    """float64 [n, width] of one raw column; [n, 0] of texts, hashed and large categories."""
    inputs = transform(tf.constant(transform.encode_column(column))).numpy()
    if np.issubdtype(inputs.dtype, np.integer):
        return wide(inputs, _MOST_IDS)
    flat = wide(inputs, math.inf)
    return np.concatenate([flat, np.square(flat)], axis=1)


def _r2(x, y, fitted, measured):
    mean, std = x[fitted].mean(axis=0), x[fitted].std(axis=0)
    x = (x - mean) / np.where(std > 1e-9, std, np.inf)
    a, centre = x[fitted], y[fitted].mean()
    penalty = _RIDGE * len(a) * np.eye(x.shape[1])
    weights = np.linalg.solve(a.T @ a + penalty, a.T @ (y[fitted] - centre))
    errors = y[measured] - centre - x[measured] @ weights
    variation = np.square(y[measured] - centre).sum()
    return 1 - np.square(errors).sum() / variation if variation > 0 else 0.0
