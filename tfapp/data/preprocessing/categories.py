"""Categories: a string -> its number in the vocabulary of train, 0 if train does not have it.

A missing value is the empty string, one more category if train has any. Where there are many
values, those of a single row of train are 0 as well: nothing can be learnt from one row, and as
Good (Biometrika 40, 1953) has it, what was seen once stands for what was not seen, so that 0 is
trained. Of very many values, the most frequent are kept and the others hashed: `Hashed`.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.lookup import Lookup, fingerprint, in_batches
from tfapp.data.preprocessing.transform import Transform, values_seen
from tfapp.spec import InputSpec

MOST_CATEGORIES = 20_000  # beyond, values are hashed
MANY = 50  # beyond, values of a single row have no number of their own
_BUCKETS = 16_384  # of a hashed column


def fit_categories(column):
    """`Categories` of the strings in a `StringColumn`, or `Hashed` if there are too many."""
    counts = column.counts()
    present = np.flatnonzero(counts)
    least = 2 if len(present) > MANY else 1
    frequent = present[counts[present] >= least]
    if len(present) > MOST_CATEGORIES:
        order = np.argsort(-counts[frequent], kind="stable")[:MOST_CATEGORIES]
        return Hashed(_BUCKETS, tuple(sorted(column.values[frequent[order]].tolist())))
    rare = present[counts[present] < least]
    kept, others = (sorted(column.values[some].tolist()) for some in (frequent, rare))
    return Categories((*kept, *others), len(kept) if others else None)


@dataclasses.dataclass(frozen=True)
class Categories(Transform):
    """The first of `values` have the ids 1, 2, ...; anything else is 0."""

    values: tuple[str, ...]  # of train
    numbered: int | None = None  # how many of them have an id of their own; None: all

    kind = "categories"
    feature_kind = "category"

    def encode_column(self, column):
        """`StringColumn` -> int32 [n]."""
        ids = {value: i + 1 for i, value in enumerate(self.values[: self.numbered])}
        return column.map(np.array([ids.get(v, 0) for v in column.values], np.int32))

    def encode(self, raw):
        """string [batch] -> int32 [batch]."""
        return self._lookup(raw) + 1

    def __call__(self, ids):
        return ids

    def unknown(self, column):
        known = set(self.values)
        return column.map(np.array([v not in known for v in column.values], bool))

    def seen(self, encoded):
        """Without the values of a single row, which may be anybody's name or number."""
        del encoded
        known = [value for value in self.values[: self.numbered] if value]
        return values_seen(known, missing="" in self.values)

    def input_spec(self, feature):
        numbered = len(self.values[: self.numbered])
        return InputSpec(feature.name, "ids", (), "int32", numbered + 1)

    def to_json(self):
        kept = {"values": list(self.values)}
        return kept if self.numbered is None else {**kept, "numbered": self.numbered}

    @classmethod
    def from_json(cls, value):
        return cls(tuple(value["values"]), value.get("numbered"))

    @functools.cached_property
    def _lookup(self):
        return Lookup(self.values[: self.numbered])


@dataclasses.dataclass(frozen=True)
class Hashed(Transform):
    """A string's fingerprint modulo the number of buckets, in which strings may share an id.

    `values`, the most frequent of train, have ids of their own beyond the buckets.
    """

    buckets: int
    values: tuple[str, ...] = ()

    kind = "hashed"
    feature_kind = "category"

    def encode_column(self, column):
        """`StringColumn` -> int32 [n]."""
        return column.map(in_batches(self.encode, column.values))

    def encode(self, raw):
        """string [batch] -> int32 [batch]."""
        bucket = tf.cast(fingerprint(raw) % self.buckets, tf.int32)
        if not self.values:
            return bucket
        position = self._lookup(raw)
        return tf.where(position < 0, bucket, position + self.buckets)

    def __call__(self, ids):
        return ids

    def seen(self, encoded):
        del encoded
        return values_seen([value for value in self.values if value], missing="" in self.values)

    def input_spec(self, feature):
        return InputSpec(feature.name, "ids", (), "int32", self.buckets + len(self.values))

    def to_json(self):
        kept = {"buckets": self.buckets}
        return {**kept, "values": list(self.values)} if self.values else kept

    @classmethod
    def from_json(cls, value):
        return cls(value["buckets"], tuple(value.get("values", ())))

    @functools.cached_property
    def _lookup(self):
        return Lookup(self.values)
