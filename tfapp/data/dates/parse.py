"""Strings -> days and times, in TensorFlow operations that also run in an exported model.

A year of two digits is 1969 to 2068, as in Python's and C's strptime. A month without a day is its
first day. With an offset from UTC the moment is converted to UTC, as Arrow does; without one it is
taken as it is. A time of day without a date is on the day 0, 1970-01-01.
"""

import math

import numpy as np
import tensorflow as tf

from tfapp.data.dates.forms import FIELDS, MONTHS, NO_FIELDS, QUARTERS, forms

PIVOT = 69  # a year of two digits below it is after 2000
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of the months
_NUMBERS = (*range(1, 13), 1, 4, 7, 10)  # months of names and quarters
_DAY = 86400  # seconds
_CHUNK = 1 << 16  # strings that are read at a time on the host


def parse(strings, order):
    """Reads dates.

    Args:
      strings: string [n].
      order: of day and month, one of `forms.ORDERS` or `forms.BY_SIGN`.

    Returns:
      float32 [n, 2]: days since 1970-01-01, and the fraction of the day; NaN where the string is
      no date of the calendar.
    """
    text = strings
    for form in forms(order):
        text = tf.strings.regex_replace(text, form.pattern, form.rewrite, replace_global=False)
    valid = tf.strings.regex_full_match(text, FIELDS)
    text = tf.where(valid, text, NO_FIELDS)
    fields = tf.strings.split(text, "|").to_tensor("", shape=[None, 9])
    year, month, day, hour, minute, second, half, offset = tf.unstack(fields, axis=1)[1:]
    days, exists = _days(year, month, day)
    seconds, valid_time = _seconds(hour, minute, second, tf.strings.lower(half))
    seconds -= _offset(offset)
    carried = tf.floor(seconds / _DAY)
    fraction = tf.cast(seconds / _DAY - carried, tf.float32)
    parsed = tf.stack([tf.cast(days, tf.float32) + tf.cast(carried, tf.float32), fraction], axis=-1)
    return tf.where((valid & exists & valid_time)[:, None], parsed, math.nan)


def month_numbers():
    """What a month or quarter is called, its first three letters or less -> the month's number."""
    return dict(zip(MONTHS + QUARTERS, _NUMBERS, strict=True))


def is_date(values, order):
    """Which strings of a NumPy object array are dates, bool [n]; computed on the host."""
    parts = []
    with tf.device("CPU:0"):
        for start in range(0, len(values), _CHUNK):
            strings = tf.constant(values[start : start + _CHUNK], tf.string)
            parts.append(~np.isnan(parse(strings, order)[:, 0].numpy()))
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def days_since_1970(year, month, day):
    """Days since 1970-01-01 in the Gregorian calendar, of int32 tensors.

    Years are counted from March, so that the leap day is their last.
    """
    year = tf.where(month <= 2, year - 1, year)
    month = (month + 9) % 12
    era_days = 365 * year + year // 4 - year // 100 + year // 400
    return era_days + (153 * month + 2) // 5 + day - 1 - 719468


def _days(year, month, day):
    """(days since 1970-01-01, whether there is such a day) from strings [n]."""
    short = tf.strings.length(year) == 2
    year = _number(year, "1970")
    year += tf.where(short, tf.where(year < PIVOT, 2000, 1900), 0)
    month, day = _month(month), _number(day, "1")
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = tf.gather(tf.constant(_LENGTHS), tf.clip_by_value(month - 1, 0, 11))
    length += tf.cast(leap & (month == 2), tf.int32)
    exists = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    return days_since_1970(year, month, day), exists


def _month(text):
    """The number of a month, given as a number, by its name or as a quarter."""
    start = tf.strings.lower(tf.strings.substr(text, 0, 3))
    named = tf.equal(start[:, None], tf.constant(MONTHS + QUARTERS)[None])
    known = tf.reduce_any(named, axis=1)
    by_name = tf.gather(tf.constant(_NUMBERS), tf.argmax(named, axis=1))
    digits = tf.strings.regex_full_match(text, r"\d*")
    # A pattern takes more than a to z for letters, such as the long s: that is no month.
    return tf.where(known, by_name, _number(tf.where(digits, text, "0"), "1"))


def _seconds(hour, minute, second, half):
    """(seconds since midnight in float64, whether there is such a time) from strings [n]."""
    twelve = half != ""
    hour, minute = _number(hour, "0"), _number(minute, "0")
    second = tf.strings.regex_replace(tf.where(second == "", "0", second), ",", ".")
    second = tf.strings.to_number(second, tf.float64)
    valid = tf.where(twelve, (hour >= 1) & (hour <= 12), hour <= 23) & (minute <= 59)
    afternoon = tf.strings.substr(half, 0, 1) == "p"
    hour = tf.where(twelve, hour % 12 + tf.where(afternoon, 12, 0), hour)
    seconds = tf.cast(hour * 3600 + minute * 60, tf.float64) + second
    return seconds, valid & (second < 61)


def _offset(text):
    """Seconds of +0530, +05:30, -03 or nothing, in float64."""
    digits = tf.strings.regex_replace(text, "[+:-]", "")
    digits = tf.where(tf.strings.length(digits) == 2, digits + "00", digits)
    minutes = _number(digits, "0")
    seconds = tf.cast((minutes // 100) * 3600 + (minutes % 100) * 60, tf.float64)
    return tf.where(tf.strings.regex_full_match(text, "-.*"), -seconds, seconds)


def _number(digits, default):
    return tf.strings.to_number(tf.where(digits == "", default, digits), tf.int32)
