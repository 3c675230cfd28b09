"""Holds out of train the splits that a source lacks, by the seed.

Classes keep their proportions (a stratified split); with groups, whole groups are drawn instead.
The draw uses raw Philox words, whose stream NumPy guarantees, so that a split is the same in every
version.
"""

import dataclasses

import numpy as np

from tfapp.data.splits.split_names import TEST, TRAIN, VALIDATION
from tfapp.errors import DataError

_STREAMS = {TEST: 1, VALIDATION: 2}  # of random words; the splits are drawn in this order
_FEW_CLASSES = 16
_PIECE = 1 << 16  # examples processed at a time


def with_all_splits(source, *, fraction, seed):
    """Returns `source` with train, validation and test.

    Args:
      source: a `Source` with at least train.
      fraction: of the examples of train, for each split that is missing.
      seed: --seed.

    Raises:
      DataError: train has too few examples to hold some out.
    """
    train = source.splits[TRAIN]
    splits, held_out = dict(source.splits), []
    if train.groups is not None:
        draw, labels = _draw_groups, train.groups.codes
    else:
        draw, labels = _draw, _classes(source)
    left = np.ones(train.num_examples, bool)
    for name, stream in _STREAMS.items():
        if name in splits:
            continue
        positions = np.flatnonzero(left)
        drawn = positions[draw(labels, positions, fraction, (seed, stream))]
        if not 0 < len(drawn) < len(positions):
            raise DataError(
                f"{source.spec.name}: {len(positions)} examples of train are too few to "
                f"hold out --validation_split={fraction} of them as {name}"
            )
        splits[name] = train.subset(drawn)
        left[drawn] = False
        held_out.append(name)
    if held_out:
        splits[TRAIN] = train.subset(np.flatnonzero(left))
    return dataclasses.replace(source, splits=splits, held_out=tuple(held_out))


def _classes(source):
    """The class of each example of train, int [n]; 0 for all where the label is no class."""
    if source.spec.label.kind == "class":
        return source.labels(TRAIN)
    return np.zeros(source.splits[TRAIN].num_examples, np.int8)


def _draw(labels, left, fraction, key):
    """Which of the examples `left`, int [n] ascending, are drawn: indices into it, ascending."""
    counts = _counts(labels, left)
    # The running total over classes rounds once for all of them: small classes share fairly.
    share = np.floor((np.cumsum(counts) * fraction) + 0.5).astype(np.int64)
    quota = np.minimum(np.diff(share, prepend=0), np.maximum(counts - 1, 0))  # never a whole class
    near, words = _low_words(len(left), key, np.max(quota / np.maximum(counts, 1)))
    own = labels[left[near]]
    if np.any(np.bincount(own, minlength=len(counts)) <= quota):  # of the low words alone
        near, words = _low_words(len(left), key, 1.0)
        own = labels[left]
    chosen = _lowest if len(counts) <= _FEW_CLASSES else _first_of_order
    return near[chosen(own, words, quota)]


def _counts(labels, left):
    """How many examples of each class are `left`."""
    total = np.zeros(1, np.int64)
    for start in range(0, len(left), _PIECE):
        part = np.bincount(labels[left[start : start + _PIECE]], minlength=len(total))
        part[: len(total)] += total
        total = part
    return total


def _low_words(count, key, share):
    """Those of `count` random words that can be among the lowest `share`: (positions, words).

    Words are uniform, so that most can be dropped at once; drawn in pieces, they take no memory.
    """
    bits = np.random.Philox(key=np.array(key, np.uint64))
    most = np.uint64(min(int((1.2 * share + 0.001) * 2.0**64), 2**64 - 1))
    positions, words = [], []
    for start in range(0, count, _PIECE):
        piece = bits.random_raw(min(_PIECE, count - start))
        low = np.flatnonzero(piece <= most)
        positions.append(start + low)
        words.append(piece[low])
    return np.concatenate(positions), np.concatenate(words)


def _lowest(labels, words, quota):
    """bool [n]: the quota[c] examples of each class c with the lowest words.

    Partitioning class by class is several times as fast as sorting all, if classes are few.
    """
    drawn = np.zeros(len(labels), bool)
    for c in np.flatnonzero(quota):
        own = labels == c
        drawn |= own & (words < np.partition(words[own], quota[c])[quota[c]])
    return drawn


def _first_of_order(labels, words, quota):
    """The same as `_lowest`, from one sort by class and word."""
    order = np.lexsort((words, labels))
    counts = np.bincount(labels, minlength=len(quota))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    drawn = np.zeros(len(labels), bool)
    drawn[order[rank < np.repeat(quota, counts)]] = True
    return drawn


def _draw_groups(codes, left, fraction, key):
    """Like `_draw`, but whole groups: the first in a random order that make up the fraction."""
    present, position, sizes = np.unique(codes[left], return_inverse=True, return_counts=True)
    order = np.argsort(_low_words(len(present), key, 1.0)[1], kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(present), bool)
    chosen[order[before < fraction * len(left)]] = True
    return np.flatnonzero(chosen[position])
