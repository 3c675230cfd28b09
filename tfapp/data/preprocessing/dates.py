"""Dates: a string -> the day, and its phase in the year, the week and the day.

`tfapp.data.dates` has the forms that are read. What is missing or is no date becomes zeros, which
no date does; if train has any, the model's input has one value more, which is 1 there.
"""

import dataclasses
import functools
import math

import numpy as np
import tensorflow as tf

from tfapp.data.dates import iso_0_1
from tfapp.data.dates.forms import BY_SIGN
from tfapp.data.dates.parse import parse
from tfapp.data.preprocessing.lookup import in_batches
from tfapp.data.preprocessing.transform import Transform, range_seen
from tfapp.spec import InputSpec

_PERIODS = (365.2425, 7.0, 1.0)  # days: year, week, day
_EPOCH = np.datetime64("1970-01-01")
_WIDTH = 1 + 2 * len(_PERIODS)


@dataclasses.dataclass(frozen=True)
class Dates(Transform):
    """Statistics of the days since 1970 of train."""

    mean: float
    scale: float  # 1 / standard deviation; 1 where that is 0
    order: str | None = (
        BY_SIGN  # of day and month: see `parse`; None: only ISO 8601, as in tfapp 0.1
    )

    flagged: bool = False  # whether missing dates are marked

    kind = "dates"

    @classmethod
    def fit(cls, column, *, order=BY_SIGN):
        """Fits on a `StringColumn` of train, whose dates have the given order."""
        parsed = in_batches(functools.partial(parse, order=order), column.values)
        days = column.map(parsed.sum(-1, dtype=np.float64))
        absent = np.isnan(days)
        days, flagged = days[~absent], bool(absent.any())
        if not len(days):
            return cls(0.0, 1.0, order, flagged)
        std = float(days.std())
        return cls(float(days.mean()), 1 / std if std > 0 else 1.0, order, flagged)

    @property
    def feature_kind(self):
        return f"date_{self.order}" if self.order else "date"

    def encode_column(self, column):
        """`StringColumn` -> float32 [n, 2]: days since 1970, and the fraction of the day."""
        return column.map(in_batches(self.encode, column.values))

    def encode(self, raw):
        """string [batch] -> float32 [batch, 2]."""
        return iso_0_1.parse(raw) if self.order is None else parse(raw, self.order)

    def __call__(self, parsed):
        """float32 [batch, 2] -> float32 [batch, 7], or [batch, 8] where missing dates are marked.

        The standardised day, and sine and cosine of its phase in the year, the week and the day; 0
        where the date is missing.
        """
        absent = tf.math.is_nan(parsed[:, :1])
        parsed = tf.where(absent, tf.constant([[self.mean, 0.0]], tf.float32), parsed)
        day, fraction = parsed[:, 0], parsed[:, 1]
        out = [(day + fraction - self.mean) * self.scale]
        for period in _PERIODS:
            # The modulus of whole days first: added to a fraction, they are exact to minutes only.
            phase = (tf.math.floormod(day, period) + fraction) * (2 * math.pi / period)
            out += [tf.sin(phase), tf.cos(phase)]
        values = tf.where(absent, tf.zeros_like(out[0])[:, None], tf.stack(out, axis=-1))
        if not self.flagged:
            return values
        return tf.concat([values, tf.cast(absent, tf.float32)], axis=-1)

    def seen(self, encoded):
        """The first and the last day."""
        days = range_seen(None if encoded is None else encoded[:, 0])
        return {
            **{name: [str(_EPOCH + int(day)) for day in span] for name, span in days.items()},
            "missing": self.flagged,
        }

    def input_spec(self, feature):
        return InputSpec(feature.name, "numeric", (_WIDTH + self.flagged,), "float32")

    def to_json(self):
        kept = {"mean": self.mean, "scale": self.scale}
        kept |= {"flagged": True} if self.flagged else {}
        return kept if self.order is None else {**kept, "order": self.order}

    @classmethod
    def from_json(cls, value):
        return cls(value["mean"], value["scale"], value.get("order"), value.get("flagged", False))
