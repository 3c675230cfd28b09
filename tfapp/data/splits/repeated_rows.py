"""Rows of validation and test that train has as well, in all features."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.splits.split_names import TEST, TRAIN, VALIDATION
from tfapp.data.splits.string_column import StringColumn

_LOOK = 1000  # rows by which the two columns are chosen that tell most rows apart
_MOST = 20_000  # rows of a split that are looked for in train


def count(source):
    """Counts them, by 64-bit hashes of all values.

    Args:
      source: a raw `Source` with all splits, whose features are scalars in memory.

    Returns:
      split -> (rows that were looked for, those that train has, those it has with the same label).
    """
    names = [feature.name for feature in source.spec.features]
    every = (*names, source.spec.label.name)
    train = source.splits[TRAIN].arrays()
    first = sorted(names, key=lambda name: -_distinct(train[name]))[:2]
    held = {split: _drawn(source.splits[split], every) for split in (VALIDATION, TEST)}
    outlines = {split: _outline(columns, first) for split, columns in held.items()}
    outline = _outline(train, first)
    # Only the few rows of train that agree in two columns are compared in all.
    alike = np.flatnonzero(_is_in(outline, np.concatenate(list(outlines.values()))))
    train = {name: train[name][alike] for name in every}
    found = {}
    for split, columns in held.items():
        rows = np.flatnonzero(_is_in(outlines[split], outline[alike]))
        some = {name: columns[name][rows] for name in every}
        counts = (int(_is_in(_hashes(some, n), _hashes(train, n)).sum()) for n in (names, every))
        found[split] = (len(outlines[split]), *counts)
    return found


def _drawn(split, names):
    step = -(-split.num_examples // _MOST)
    return {name: split.arrays()[name][::step] for name in names}


def _distinct(column):
    return len(np.unique(_codes(column[:_LOOK])))


def _codes(column):
    return column.codes if isinstance(column, StringColumn) else column


def _outline(columns, names):
    """uint64 [n]: the values of one or two columns, half of the bits each."""
    words = [_words(columns[name])[0] & np.uint64(0xFFFFFFFF) for name in names]
    return words[0] if len(words) == 1 else (words[0] << np.uint64(32)) | words[1]


def _hashes(columns, names):
    """uint64 [n] of the columns `names`."""
    total = np.uint64(0)
    for name in names:
        words = _words(columns[name])
        keys = np.random.Philox(key=[len(name), 7]).random_raw(len(words)) | np.uint64(1)
        for key, word in zip(keys, words, strict=True):
            total = _mixed((total ^ word) * key)
    return total


def _words(column):
    """uint64 [n] for each value of a row."""
    if isinstance(column, StringColumn):
        used = np.unique(column.codes)
        hashes = np.zeros(len(column.values), np.int64)  # the same in one process, and fast
        hashes[used] = [hash(value) for value in column.values[used].tolist()]
        return [hashes[column.codes].view(np.uint64)]
    numbers = (
        column.reshape(len(column), math.prod(column.shape[1:])).astype(np.float32) + 0.0
    )  # -0 is 0
    return list(numbers.T.copy().view(np.uint32).astype(np.uint64))


def _mixed(x):
    x = (x ^ (x >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return x ^ (x >> np.uint64(33))


def _is_in(values, others):
    found = pc.is_in(pa.array(values), value_set=pa.array(others))
    return found.to_numpy(zero_copy_only=False)
