"""The contract of a transform: what happens to one feature between its raw values and the model."""

import abc
from typing import ClassVar

import numpy as np

MOST_VALUES = 500  # that `Transform.seen` lists


class Transform(abc.ABC):
    """Fitted on train. Encoding happens once, on the host; the call is part of every step.

    For every raw value, `encode` in TensorFlow and `encode_column` give equal results, so that the
    served model computes what training and evaluation computed.
    """

    kind: ClassVar[str]  # its name in the run's folder
    feature_kind: ClassVar[str] = "numeric"  # of the column it is fitted on, as in `FeatureSpec`

    @abc.abstractmethod
    def encode_column(self, column):
        """A raw column of n examples -> NumPy [n, ...].

        Args:
          column: `StringColumn`, or NumPy [n, *shape] of numbers.
        """

    @abc.abstractmethod
    def encode(self, raw):
        """The same for a tensor: [batch, *shape] of numbers, or string [batch]."""

    @abc.abstractmethod
    def __call__(self, encoded):
        """Encoded [batch, ...] -> the model's input, a tensor as `input_spec` describes it."""

    @abc.abstractmethod
    def input_spec(self, feature):
        """The `InputSpec` of the result for a `FeatureSpec`."""

    def unknown(self, column):
        """Bool NumPy [n]: the values of a raw column that train does not have.

        None for transforms to which every value is acceptable.
        """
        del column

    def seen(self, encoded):
        """What train's values are, for whoever fills in an example.

        Args:
          encoded: the encoded training column, NumPy [n, ...]; None if it is not in memory.

        Returns:
          a dict that JSON can hold, of those entries that are known:
            range: [smallest, largest] of train; of dates as texts of ISO 8601.
            values: the first `MOST_VALUES` of the values that have a meaning of their own.
            distinct: how many of these there are.
            missing: whether values were missing in train.
        """
        del encoded
        return {}

    @abc.abstractmethod
    def to_json(self):
        """A dict that can be written as JSON. Run folders keep it, so names in it never change."""

    @classmethod
    @abc.abstractmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote, which may stand among other entries."""


def values_seen(values, *, missing):
    """Entries of `Transform.seen` for a sequence of distinct values."""
    return {"values": list(values[:MOST_VALUES]), "distinct": len(values), "missing": missing}


def range_seen(encoded):
    """Entries of `Transform.seen` for numbers, NumPy of any shape or None; NaN is left out."""
    if encoded is None or not encoded.size:
        return {}
    low, high = np.fmin.reduce(encoded, axis=None), np.fmax.reduce(encoded, axis=None)
    if not np.isfinite([low, high]).all():
        return {}
    # The shortest digits of its precision: 0.1, not 0.10000000149011612.
    plain = (lambda x: float(str(x))) if encoded.dtype.kind == "f" else int
    return {"range": [plain(low), plain(high)]}
