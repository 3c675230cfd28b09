"""Carves the splits that a source lacks out of its training split, by the seed.

Classes keep their proportions. The draw uses raw Philox words, whose stream NumPy guarantees, so
that a split is the same in every version.
"""

import dataclasses

import numpy as np

from tfapp.data.source import label_array
from tfapp.errors import DataError

_STREAMS = {"test": 1, "validation": 2}


def with_all_splits(source, *, fraction, seed):
    """Returns `source` with train, validation and test.

    Raises:
      DataError: too few examples to carve from.
    """
    splits = dict(source.splits)
    for name in ("test", "validation"):
        if name not in splits:
            train = splits["train"]
            held_out, kept = _draw(train, source.spec, fraction, (seed, _STREAMS[name]))
            if not len(held_out) or not len(kept):
                raise DataError(
                    f"{source.spec.name}: {train.num_examples} examples of train are too few to "
                    f"carve --validation_split={fraction} of them as {name}"
                )
            splits[name] = train.subset(held_out)
            splits["train"] = train.subset(kept)
    return dataclasses.replace(source, splits=splits)


def _draw(split, spec, fraction, key):
    """Indices held out and kept, each ascending."""
    words = np.random.Philox(key=np.array(key, np.uint64)).random_raw(split.num_examples)
    if spec.label.kind == "class":
        labels = label_array(split, spec)
    else:
        labels = np.zeros(split.num_examples, np.int64)
    order = np.lexsort((words, labels))  # by class, at random within
    counts = np.bincount(labels, minlength=1)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    # The running total over classes rounds once for all of them: small classes share fairly.
    share = np.floor((np.cumsum(counts) * fraction) + 0.5).astype(np.int64)
    quota = np.diff(share, prepend=0)
    chosen = rank < np.repeat(quota, counts)
    return np.sort(order[chosen]), np.sort(order[~chosen])
