"""Whole numbers that are names, such as zip codes: a number -> its place among those of train.

As with `categories`, 0 is what train does not have and, where there are many, what only one row of
train has; a missing number has an id of its own if train has any.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.categories import MANY, MOST_CATEGORIES
from tfapp.data.preprocessing.transform import Transform, values_seen
from tfapp.spec import InputSpec


@dataclasses.dataclass(frozen=True)
class Codes(Transform):
    """`values` have the ids 1, 2, ...; a missing number comes after them."""

    values: tuple[float, ...]  # ascending, float32
    flagged: bool  # whether missing numbers have an id of their own

    kind = "codes"
    feature_kind = "code"

    @classmethod
    def fit(cls, column):
        """Fits on a training column, float32 NumPy [num_examples], NaN where it is missing."""
        absent = np.isnan(column)
        values, counts = np.unique(column[~absent], return_counts=True)
        kept = counts >= (2 if len(values) > MANY else 1)
        values, counts = values[kept], counts[kept]
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        return cls(tuple(values[frequent].tolist()), bool(absent.any()))

    def encode_column(self, column):
        """float32 [n] -> int32 [n]."""
        values = np.array(self.values, np.float32)
        if not len(values):
            found = np.zeros(len(column), np.int32)
        else:
            place = np.minimum(np.searchsorted(values, column), len(values) - 1)
            found = np.where(values[place] == column, place + 1, 0).astype(np.int32)
        return np.where(np.isnan(column), np.int32(self._missing), found)

    def encode(self, raw):
        """float32 [batch] -> int32 [batch]."""
        values = tf.constant(self.values, tf.float32, (len(self.values),))
        if not self.values:
            found = tf.zeros_like(raw, tf.int32)
        else:
            place = tf.minimum(tf.searchsorted(values, raw), len(self.values) - 1)
            found = tf.where(tf.gather(values, place) == raw, place + 1, 0)
        return tf.where(tf.math.is_nan(raw), self._missing, found)

    def __call__(self, ids):
        return ids

    def seen(self, encoded):
        del encoded
        return values_seen(self.values, missing=self.flagged)

    def input_spec(self, feature):
        vocabulary = len(self.values) + 1 + self.flagged
        return InputSpec(feature.name, "ids", (), "int32", vocabulary)

    def to_json(self):
        return {"values": list(self.values), "flagged": self.flagged}

    @classmethod
    def from_json(cls, value):
        return cls(tuple(value["values"]), value["flagged"])

    @property
    def _missing(self):
        """The id of a missing number."""
        return len(self.values) + 1 if self.flagged else 0
