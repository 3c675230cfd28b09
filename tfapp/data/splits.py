"""Carves the splits that a source lacks out of its training split, by the seed.

Classes keep their proportions; with groups, whole groups are drawn instead. The draw uses raw
Philox words, whose stream NumPy guarantees, so that a split is the same in every version.
"""

import dataclasses

import numpy as np

from tfapp.data.source import label_array
from tfapp.errors import DataError

_STREAMS = {"test": 1, "validation": 2}
_FEW_CLASSES = 16


def with_all_splits(source, *, fraction, seed):
    """Returns `source` with train, validation and test.

    Raises:
      DataError: too few examples to carve from.
    """
    train = source.splits["train"]
    splits, carved = dict(source.splits), []
    left = np.arange(train.num_examples)
    for name in ("test", "validation"):
        if name in splits:
            continue
        held_out, kept = _draw(train, left, source.spec, fraction, (seed, _STREAMS[name]))
        if not len(held_out) or not len(kept):
            raise DataError(
                f"{source.spec.name}: {len(left)} examples of train are too few to "
                f"carve --validation_split={fraction} of them as {name}"
            )
        splits[name] = train.subset(left[held_out])
        left = left[kept]
        carved.append(name)
    if carved:
        splits["train"] = train.subset(left)
    return dataclasses.replace(source, splits=splits, carved=tuple(carved))


def _draw(split, left, spec, fraction, key):
    """Positions in `left` that are held out and that are kept, each ascending."""
    if getattr(split, "groups", None) is not None:
        return _draw_groups(split.groups.codes[left], fraction, key)
    words = _words(len(left), key)
    if spec.label.kind == "class":
        labels = label_array(split, spec)[left]
    else:
        labels = np.zeros(len(left), np.int64)
    counts = np.bincount(labels, minlength=1)
    # The running total over classes rounds once for all of them: small classes share fairly.
    share = np.floor((np.cumsum(counts) * fraction) + 0.5).astype(np.int64)
    quota = np.minimum(np.diff(share, prepend=0), np.maximum(counts - 1, 0))  # never a whole class
    near = _near(labels, words, counts, quota)
    chosen = _lowest if len(counts) <= _FEW_CLASSES else _first_of_order
    held_out = np.zeros(len(labels), bool)
    held_out[near] = chosen(labels[near], words[near], quota)
    return np.flatnonzero(held_out), np.flatnonzero(~held_out)


def _near(labels, words, counts, quota):
    """Positions, ascending, with more than quota[c] of each class c, among them its lowest words.

    Words are uniform, so most are too high to be looked at.
    """
    share = np.max(quota / np.maximum(counts, 1))
    near = words < np.uint64(min(1.2 * share + 0.001, 0.999) * 2.0**64)
    short = np.bincount(labels[near], minlength=len(counts)) <= quota
    if short.any():
        near |= short[labels]
    return np.flatnonzero(near)


def _lowest(labels, words, quota):
    """bool [n]: the quota[c] examples of each class c with the lowest words.

    Partitioning class by class is several times as fast as sorting all, if classes are few.
    """
    held_out = np.zeros(len(labels), bool)
    for c in np.flatnonzero(quota):
        own = labels == c
        held_out |= own & (words < np.partition(words[own], quota[c])[quota[c]])
    return held_out


def _first_of_order(labels, words, quota):
    """What `_lowest` gives, from one sort by class and word."""
    order = np.lexsort((words, labels))
    counts = np.bincount(labels, minlength=len(quota))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    held_out = np.zeros(len(labels), bool)
    held_out[order[rank < np.repeat(quota, counts)]] = True
    return held_out


def _draw_groups(codes, fraction, key):
    """As `_draw`, whole groups, the first of a random order that together have the fraction."""
    present, position, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.argsort(_words(len(present), key), kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(present), bool)
    chosen[order[before < fraction * len(codes)]] = True
    held_out = chosen[position]
    return np.flatnonzero(held_out), np.flatnonzero(~held_out)


def _words(count, key):
    return np.random.Philox(key=np.array(key, np.uint64)).random_raw(count)
