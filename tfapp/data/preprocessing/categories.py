"""Categories: a string -> its number in the vocabulary of train, 0 if train does not have it.

A missing value is the empty string, one more category if train has any. Columns with very many
values are hashed instead: `Hashed`.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.lookup import Lookup, fingerprint, in_batches
from tfapp.data.preprocessing.transform import Transform
from tfapp.spec import InputSpec

MOST_CATEGORIES = 20_000  # beyond, values are hashed
_BUCKETS = 16_384  # of a hashed column


def fit_categories(column):
    """`Categories` of the strings in a `StringColumn`, or `Hashed` if there are too many."""
    present = column.counts() > 0
    if present.sum() > MOST_CATEGORIES:
        return Hashed(_BUCKETS)
    return Categories(tuple(sorted(column.values[present].tolist())))


@dataclasses.dataclass(frozen=True)
class Categories(Transform):
    """`values` have the ids 1, 2, ...; anything else is 0."""

    values: tuple[str, ...]

    kind = "categories"
    feature_kind = "category"

    def encode_column(self, column):
        """`StringColumn` -> int32 [n]."""
        ids = {value: i + 1 for i, value in enumerate(self.values)}
        return column.map(np.array([ids.get(v, 0) for v in column.values], np.int32))

    def encode(self, raw):
        """string [batch] -> int32 [batch]."""
        return self._lookup(raw) + 1

    def __call__(self, ids):
        return ids

    def unknown(self, column):
        return self.encode_column(column) == 0

    def input_spec(self, feature):
        return InputSpec(feature.name, "ids", (), "int32", len(self.values) + 1)

    def to_json(self):
        return {"values": list(self.values)}

    @classmethod
    def from_json(cls, value):
        return cls(tuple(value["values"]))

    @functools.cached_property
    def _lookup(self):
        return Lookup(self.values)


@dataclasses.dataclass(frozen=True)
class Hashed(Transform):
    """A string's fingerprint modulo the number of buckets; strings may share an id."""

    buckets: int

    kind = "hashed"
    feature_kind = "category"

    def encode_column(self, column):
        """`StringColumn` -> int32 [n]."""
        return column.map(in_batches(self.encode, column.values))

    def encode(self, raw):
        """string [batch] -> int32 [batch]."""
        return tf.cast(fingerprint(raw) % self.buckets, tf.int32)

    def __call__(self, ids):
        return ids

    def input_spec(self, feature):
        return InputSpec(feature.name, "ids", (), "int32", self.buckets)

    def to_json(self):
        return {"buckets": self.buckets}

    @classmethod
    def from_json(cls, value):
        return cls(value["buckets"])
