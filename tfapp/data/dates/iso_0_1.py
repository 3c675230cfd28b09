"""How tfapp 0.1 read dates, for the runs that it began: ISO 8601, without zones and fractions."""

import math

import tensorflow as tf

from tfapp.data.dates.parse import days_since_1970

_FORM = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?.*)?"


def parse(strings):
    """string [n] -> float32 [n, 2]: days since 1970 and the fraction of the day; NaN: no date."""
    valid = tf.strings.regex_full_match(strings, _FORM)
    text = tf.where(valid, strings, "1970-01-01")
    text = tf.strings.join([text, tf.where(tf.strings.length(text) > 11, "", " 00:00:00")])
    text = tf.strings.join([text, ":00"])  # read only where the string has no seconds

    def number(start, length):
        digits = tf.strings.substr(text, start, length)
        digits = tf.where(tf.strings.regex_full_match(digits, r"\d+"), digits, "0")
        return tf.strings.to_number(digits, tf.int32)

    days = days_since_1970(number(0, 4), number(5, 2), number(8, 2))
    seconds = number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2)
    parsed = tf.stack([tf.cast(days, tf.float32), tf.cast(seconds, tf.float32) / 86400], axis=-1)
    return tf.where(valid[:, None], parsed, math.nan)
