"""Columns of dates: which are, and whether day, month or year comes first in 01/02/03."""

import numpy as np

from tfapp.data.dates import forms, parse
from tfapp.data.tables import columns, names
from tfapp.data.tables.missing import is_missing

DATE = "date"
# "date_dmy" reads 01/02/2012 as the first of February, "date" by its sign.
DATES = (DATE, *(f"{DATE}_{order}" for order in forms.ORDERS))
_FIRST_LOOK = 50  # values that are looked at before all of a sample
_SHARE = 0.9  # of dates from which a column of strings is one of dates
_YEARS = (1900_00_00, 2101_00_00)  # numbers of eight digits between which are days
_FIRST = {
    "dmy": "the day comes first",
    "mdy": "the month comes first",
    "ymd": "the year comes first",
}


def kind_in_order(order):
    """The kind of `DATES` for an order of day and month."""
    return f"{DATE}_{order}" if order else DATE


def order_of(kind):
    """The order of day and month of a kind of `DATES`."""
    return kind.removeprefix(DATE).removeprefix("_")


def are_dates(sample):
    """Whether the strings of a sample, none of them missing, are nearly all dates."""
    first = sample[:: max(len(sample) // _FIRST_LOOK, 1)]
    if forms.share_in_form(first) < _SHARE / 2 or forms.share_in_form(sample) < _SHARE:
        return False
    order, _ = forms.decide_order(sample)
    return bool(parse.is_date(sample, order).mean() >= _SHARE)


def kind_of(values):
    """The kind of a column of dates.

    Args:
      values: its distinct strings, a NumPy object array.

    Returns:
      (kind, what a user should know of it or nothing, the other kind that it may be or nothing).
    """
    order, open_case = forms.decide_order(values)
    if not open_case:
        return kind_in_order(order), _FIRST.get(order, ""), ""
    first, other = ("day", "mdy") if "." in open_case else ("month", "dmy")
    reason = f"no value decides what comes first in {open_case}, taken for the {first}"
    return DATE, reason, kind_in_order(other)


def are_days(part, name):
    """Whether whole numbers such as 20120131 are days: by the name, and every one of them."""
    if not names.of_days(name):
        return False
    low, high = columns.bounds(part.columns[name])
    if low is None or low <= _YEARS[0] or high >= _YEARS[1]:
        return False
    values = part.strings(name).values
    return bool(parse.is_date(values[values != ""], forms.BY_SIGN).all())


def unreadable(part, name, kind):
    """(rows whose value is neither a date nor missing, one of these values) of a column."""
    if not all(columns.is_string(chunk.type) for chunk in part.columns[name]):
        return 0, ""
    column = part.strings(name)
    wrong = ~is_missing(column.values, words=False)
    wrong[wrong] = ~parse.is_date(column.values[wrong], order_of(kind))
    rows = int(column.counts()[wrong].sum())
    return rows, column.values[np.argmax(wrong)] if rows else ""
