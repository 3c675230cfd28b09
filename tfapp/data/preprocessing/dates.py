"""Dates: an ISO 8601 string -> the day, and its phase in the year, the week and the day.

"2024-02-29" and "2024-02-29T13:45:00" (a space for the T, and fractions of a second, are accepted;
time zones are ignored). What is missing or is no date is imputed by the mean day of train.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.lookup import in_batches
from tfapp.data.preprocessing.transform import Transform
from tfapp.spec import InputSpec

_FORM = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?.*)?"
_PERIODS = (365.2425, 7.0, 1.0)  # days: year, week, day
_WIDTH = 1 + 2 * len(_PERIODS)


@dataclasses.dataclass(frozen=True)
class Dates(Transform):
    """Statistics of the days since 1970 of train."""

    mean: float
    scale: float  # 1 / standard deviation; 1 where that is 0

    kind = "dates"

    @classmethod
    def fit(cls, column):
        """Fits on a `StringColumn` of train."""
        days = column.map(in_batches(_parse, column.values).sum(-1, dtype=np.float64))
        days = days[~np.isnan(days)]
        if not len(days):
            return cls(0.0, 1.0)
        std = float(days.std())
        return cls(float(days.mean()), 1 / std if std > 0 else 1.0)

    def encode_column(self, column):
        """`StringColumn` -> float32 [n, 2]: days since 1970, and the fraction of the day."""
        return column.map(in_batches(_parse, column.values))

    def encode(self, raw):
        """string [batch] -> float32 [batch, 2]."""
        return _parse(raw)

    def __call__(self, parsed):
        """float32 [batch, 2] -> float32 [batch, 7], 0 where the date is missing.

        The standardised day, and sine and cosine of its phase in the year, the week and the day.
        """
        absent = tf.math.is_nan(parsed[:, :1])
        parsed = tf.where(absent, tf.constant([[self.mean, 0.0]], tf.float32), parsed)
        day, fraction = parsed[:, 0], parsed[:, 1]
        out = [(day + fraction - self.mean) * self.scale]
        for period in _PERIODS:
            # The modulus of whole days first: added to a fraction, they are exact to minutes only.
            phase = (tf.math.floormod(day, period) + fraction) * (2 * math.pi / period)
            out += [tf.sin(phase), tf.cos(phase)]
        return tf.where(absent, tf.zeros_like(out[0])[:, None], tf.stack(out, axis=-1))

    def input_spec(self, feature):
        return InputSpec(feature.name, "numeric", (_WIDTH,), "float32")

    def to_json(self):
        return {"mean": self.mean, "scale": self.scale}

    @classmethod
    def from_json(cls, value):
        return cls(value["mean"], value["scale"])


def _parse(strings):
    """string [n] -> float32 [n, 2]: days since 1970 and the fraction of the day; NaN: no date."""
    valid = tf.strings.regex_full_match(strings, _FORM)
    text = tf.where(valid, strings, "1970-01-01")
    text = tf.strings.join([text, tf.where(tf.strings.length(text) > 11, "", " 00:00:00")])
    text = tf.strings.join([text, ":00"])  # read only where the string has no seconds

    def number(start, length):
        digits = tf.strings.substr(text, start, length)
        digits = tf.where(tf.strings.regex_full_match(digits, r"\d+"), digits, "0")
        return tf.strings.to_number(digits, tf.int32)

    days = _days(number(0, 4), number(5, 2), number(8, 2))
    seconds = number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2)
    parsed = tf.stack([tf.cast(days, tf.float32), tf.cast(seconds, tf.float32) / 86400], axis=-1)
    return tf.where(valid[:, None], parsed, math.nan)


def _days(year, month, day):
    """Days since 1970-01-01 in the Gregorian calendar.

    Years are counted from March, so that the leap day is their last.
    """
    year = tf.where(month <= 2, year - 1, year)
    month = (month + 9) % 12
    era_days = 365 * year + year // 4 - year // 100 + year // 400
    return era_days + (153 * month + 2) // 5 + day - 1 - 719468
