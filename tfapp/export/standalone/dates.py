"""Dates of any written form -> days since 1970 and fractions of a day, as in training."""

import datetime
import math
import re

import numpy as np

_DAY = 86400  # seconds


def read_date(text, forms, dates):
    """(days since 1970-01-01, fraction of the day), NaN where the text is no date."""
    for pattern, rewrite in forms:
        match = re.search(pattern, text)
        if match:
            text = re.sub(r"\\(\d)", lambda field, of=match: of[int(field[1])] or "", rewrite)
            break
    nothing = (math.nan, math.nan)
    if not re.fullmatch(dates["fields"], text) or "\u0130" in text or "\u0131" in text:
        return nothing
    year, month, day, hour, minute, second, half, offset = text.split("|")[1:]
    try:
        days = _days(year, month, day, dates)
        seconds = _seconds(hour, minute, second, half.lower()) - _offset(offset)
    except ValueError:
        return nothing
    carried = math.floor(seconds / _DAY)
    return np.float32(days) + np.float32(carried), np.float32(seconds / _DAY - carried)


def _days(year, month, day, dates):
    number = int(year or 1970)
    if len(year) == 2:
        number += 2000 if number < dates["pivot"] else 1900
    start = month[:3].lower()
    month = dates["months"].get(start) or int(month or 1)
    return datetime.date(number, month, int(day or 1)).toordinal() - 719163


def _seconds(hour, minute, second, half):
    hour, minute = int(hour or 0), int(minute or 0)
    second = float((second or "0").replace(",", "."))
    in_range = 1 <= hour <= 12 if half else hour <= 23
    if not in_range or minute > 59 or second >= 61:
        raise ValueError("no time of the day")
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return hour * 3600 + minute * 60 + second


def _offset(text):
    digits = re.sub("[+:-]", "", text)
    minutes = int((digits + "00" if len(digits) == 2 else digits) or 0)
    seconds = minutes // 100 * 3600 + minutes % 100 * 60
    return -seconds if text.startswith("-") else seconds
