"""Columns of a table that alone predict the label with hardly an error.

One rule for each kind of column and label, on at most 10,000 rows of train:

- a class is predicted by the most frequent class of equal values, or of the rows with the next
  values of a number; at most one row in a thousand is wrong, and a twentieth of what the most
  frequent class alone gets wrong;
- a quantity is predicted by the mean of equal values, R2 >= 0.999, or rises or falls with a
  number, Spearman's rank correlation >= 0.999.

A row says nothing about itself: a value that occurs once predicts nothing.
"""

import numpy as np

from tfapp.data.splits.split_names import TRAIN
from tfapp.data.splits.string_column import StringColumn

_ROWS = 10_000
_FEWEST = 100  # rows
_WRONG = 0.001  # share of the rows
_GAIN = 0.05  # of the errors of the most frequent class


def find(source):
    """Such columns of a raw `Source` with one scalar label: name -> how it predicts, a phrase."""
    train, label = source.splits[TRAIN], source.spec.label
    if train.by_example or label.kind == "tokens" or train.num_examples < _FEWEST:
        return {}
    arrays = train.arrays()
    rows = slice(None, None, -(-train.num_examples // _ROWS))
    target = np.asarray(arrays[label.name])[rows]
    if target.ndim != 1:
        return {}
    predicts = _class if label.kind == "class" else _quantity
    found = {}
    for feature in source.spec.features:
        if feature.shape == () and feature.kind != "text":
            phrase = predicts(_values(arrays[feature.name][rows]), target)
            found |= {feature.name: phrase} if phrase else {}
    return found


def _values(column):
    """(the rank of each row's value among the distinct ones, their number, whether it is one)."""
    words = isinstance(column, StringColumn)
    distinct, ranks = np.unique(column.codes if words else column, return_inverse=True)
    return ranks, len(distinct), not words


def _class(values, target):
    """How the values predict classes, int [n]; "" if they do not."""
    ranks, distinct, ordered = values
    num_classes = int(target.max()) + 1
    trivial = len(target) - np.bincount(target).max()
    most = min(_WRONG * len(target), _GAIN * trivial)
    wrong = len(target)
    if distinct <= len(target) / 2:
        pairs, rows = np.unique(ranks.astype(np.int64) * num_classes + target, return_counts=True)
        largest = np.zeros(distinct, np.int64)
        np.maximum.at(largest, pairs // num_classes, rows)
        counts = np.bincount(ranks, minlength=distinct)
        wrong = np.where(counts > 1, counts - largest, counts).sum()
    if ordered and wrong > most:
        # By value, ties by chance; each row that is wrong lies between two changes.
        mixed = np.random.default_rng(0).permutation(len(target))
        order = mixed[np.argsort(ranks[mixed], kind="stable")]
        changes = np.count_nonzero(np.diff(target[order])) - (num_classes - 1)
        wrong = max(changes, 0) / 2
    if wrong > most:
        return ""
    return f"in all but {int(wrong):,} of {len(target):,} rows"


def _quantity(values, target):
    """How the values predict numbers, float [n]; "" if they do not."""
    ranks, distinct, ordered = values
    target = target.astype(np.float64)
    total = np.square(target - target.mean()).sum()
    if distinct <= len(target) / 2 and total > 0:
        counts = np.bincount(ranks, minlength=distinct)
        means = np.bincount(ranks, target, distinct) / np.maximum(counts, 1)
        own = counts[ranks]
        errors = (target - means[ranks]) * own / np.maximum(own - 1, 1)
        errors = np.where(own > 1, errors, target - target.mean())
        explained = 1 - np.square(errors).sum() / total
        if explained >= 1 - _WRONG:
            return f"with an R2 of {explained:.4f} on {len(target):,} rows"
    if ordered and distinct > 2:
        _, other = np.unique(target, return_inverse=True)
        correlation = np.corrcoef(_mid_ranks(ranks), _mid_ranks(other))[0, 1]
        if abs(correlation) >= 1 - _WRONG:
            return f"with a rank correlation of {correlation:.4f} on {len(target):,} rows"
    return ""


def _mid_ranks(ranks):
    """Places in the order, equal values at the middle of theirs."""
    counts = np.bincount(ranks)
    return (np.cumsum(counts) - counts / 2)[ranks]
