"""Examples that occur twice, within train or, worse, in train and in validation or test."""

import hashlib

import numpy as np
import tensorflow as tf

_MOST = 200_000  # examples compared per split
_NAMED = 3  # pairs listed


def find(source):
    """A dict: pairs of splits -> {"count", "examples"}; labels are not compared.

    Files are compared byte by byte (by hash), arrays value by value.
    """
    hashes = {name: _hashes(split, source.spec) for name, split in source.splits.items()}
    found = {"compared": {name: len(h) for name, h in hashes.items()}}
    train = hashes["train"]
    values, first, counts = np.unique(train, return_index=True, return_counts=True)
    found["within train"] = {"count": int((counts - 1).sum()), "examples": []}
    for name in ("validation", "test"):
        place = np.clip(np.searchsorted(values, hashes[name]), 0, len(values) - 1)
        same = np.flatnonzero(values[place] == hashes[name])
        examples = [
            [source.splits["train"].name_of(first[place[i]]), source.splits[name].name_of(i)]
            for i in same[:_NAMED]
        ]
        found[f"train and {name}"] = {"count": len(same), "examples": examples}
    return found


def _hashes(split, spec):
    """uint64 [n], equal for equal features."""
    count = min(split.num_examples, _MOST)
    if split.by_example:
        return np.array([_content(split, int(row)) for row in split.rows[:count]], np.uint64)
    arrays = split.arrays()
    total = np.zeros(count, np.uint64)
    for i, feature in enumerate(spec.features):
        words = _words(np.asarray(arrays[feature.name])[:count])
        keys = np.random.Philox(key=[i, 7]).random_raw(words.shape[1]) | np.uint64(1)
        for j, key in enumerate(keys):  # one column at a time: all products at once would not fit
            total += _mixed(words[:, j] * key + np.uint64(j))
    return total


def _content(split, row):
    """The hash of a file's or record's content; one that cannot be read counts as bad."""
    try:
        return _digest(split.reader.content(row))
    except (OSError, tf.errors.OpError):
        split.bad_examples.skip(split.reader.where(row), split.reader.reason(row))
        return _digest(split.reader.where(row).encode())


def _words(column):
    """uint64 [n, k]: the bytes of each row."""
    if column.dtype.kind not in "uifb":
        return np.array([_digest(str(value).encode()) for value in column], np.uint64)[:, None]
    rows = np.ascontiguousarray(column.reshape(len(column), -1)).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8)))
    return rows.view(np.uint64)


def _mixed(x):
    """The finaliser of MurmurHash3, so that sums of products do not cancel."""
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(33))


def _digest(content):
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
