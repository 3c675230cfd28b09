"""The forms in which dates are written, as patterns of RE2, which TensorFlow and Arrow share.

A pattern of `forms` rewrites a string that it matches to eight fields, each of which may be empty:

    |year|month|day|hour|minute|second|am or pm|offset from UTC

The result begins with "|", so no other pattern matches it. Names of time zones ("CET", "GMT") are
skipped. In 01/02/2012 the order of day and month is the column's: see `decide_order`.
"""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ORDERS = ("dmy", "mdy", "ymd")
# What nothing decides: 01.02.2012 begins with the day, 01/02/2012 and 01-02-2012 with the month.
BY_SIGN = ""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
QUARTERS = ("q1", "q2", "q3", "q4")  # each stands for its first month
_MONTH = f"(?:{'|'.join(MONTHS)})[a-z]*"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +)?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"'?(\d{4}|\d\d)"
_SIGN = r" ?[-/., ] ?"
_ZONE = r" ?(?:[a-z]{1,5})? ?([+-]\d\d(?::?\d\d)?)?(?: ?\([a-z ]+\))?"
_CLOCK = r"(\d{1,2}):(\d\d)(?::(\d\d(?:[.,]\d+)?))? ?([ap]\.?m\.?)?" + _ZONE
_TIME = f"(?:(?:T|,? +(?:at +)?){_CLOCK})?"
# What the patterns rewrite to.
FIELDS = (
    rf"(?i)\|(\d{{4}}|\d\d)?\|(\d\d?|{_MONTH}|q[1-4])?\|(\d\d?)?\|(\d\d?)?\|(\d\d)?\|(\d\d([.,]\d+)?)?"
    r"\|([ap]\.?m\.?)?\|([+-]\d\d(:?\d\d)?)?"
)
NO_FIELDS = "||||||||"


@dataclasses.dataclass(frozen=True)
class Form:
    """One way of writing a date."""

    pattern: str  # of a whole string
    rewrite: str

    @classmethod
    def of(cls, pattern, rewrite):
        return cls(rf"(?i)^\s*{pattern}\s*$", rewrite)


_COMMON = (
    # 2012-01-31, 2012/1/31, 2012 Jan 31, 2012-01
    Form.of(rf"{_WEEKDAY}(\d{{4}}){_SIGN}(\d\d?|{_MONTH})(?:{_SIGN}(\d\d?))?{_TIME}",
            r"|\1|\2|\3|\4|\5|\6|\7|\8"),
    # 20120131, 20120131T103000Z
    Form.of(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d):?(\d\d):?(\d\d(?:\.\d+)?)?z?([+-]\d\d(?::?\d\d)?)?)?",
            r"|\1|\2|\3|\4|\5|\6||\7"),
    # 31 Jan 2012, 31-Jan-12, Tue, 31st of January, 2012 10:30
    Form.of(rf"{_WEEKDAY}{_DAY}{_SIGN}(?:of )?({_MONTH}){_SIGN}{_YEAR}{_TIME}",
            r"|\3|\2|\1|\4|\5|\6|\7|\8"),
    # January 31, 2012, Jan-31-12
    Form.of(rf"{_WEEKDAY}({_MONTH})\.?{_SIGN}{_DAY}{_SIGN}{_YEAR}{_TIME}",
            r"|\3|\1|\2|\4|\5|\6|\7|\8"),
    # Jan 2012, Jan-12; Jan 12 is a day of no year
    Form.of(rf"({_MONTH})\.?(?:{_SIGN}(\d{{4}})|(?:-| ?')(\d\d))", r"|\2\3|\1||||||"),
    # Tue Jan 31 10:30:00 2012, with a zone before the year or without
    Form.of(rf"{_WEEKDAY}({_MONTH})\.? +(\d\d?),? +{_CLOCK} +(\d{{4}})",
            r"|\8|\1|\2|\3|\4|\5|\6|\7"),
    # 01/2012
    Form.of(r"(\d\d?)[-/.](\d{4})", r"|\2|\1||||||"),
    # 2012Q1, 2012-Q1, Q1 2012
    Form.of(r"(\d{4})[-/. ]?(q[1-4])", r"|\1|\2||||||"),
    Form.of(r"(q[1-4])[-/. ]?(\d{4})", r"|\2|\1||||||"),
    # 10:30, 10:30:15 PM
    Form.of(_CLOCK, r"||||\1|\2|\3|\4|\5"),
)  # fmt: skip
_REWRITES = {
    "dmy": r"|\3|\2|\1|\4|\5|\6|\7|\8",
    "mdy": r"|\3|\1|\2|\4|\5|\6|\7|\8",
    "ymd": r"|\1|\2|\3|\4|\5|\6|\7|\8",
}


def _triple(signs, order):
    """Three numbers: 31.01.2012, 01/31/12, or with the order "ymd" 12-01-31."""
    first, last = (r"(\d\d)", r"(\d\d?)") if order == "ymd" else (r"(\d\d?)", r"(\d{4}|\d\d)")
    return Form.of(f"{_WEEKDAY}{first}{signs}(\\d\\d?){signs}{last}{_TIME}", _REWRITES[order])


def forms(order):
    """The `Form`s of a column whose numbers have the given order, one of `ORDERS` or `BY_SIGN`."""
    if order == BY_SIGN:
        return (*_COMMON, _triple(r"\.", "dmy"), _triple("[-/ ]", "mdy"))
    # A year of four digits comes last, whatever the order of two digits is.
    long = (_triple("[-/. ]", "mdy"),) if order == "ymd" else ()
    return (*_COMMON, _triple("[-/. ]", order), *long)


_ANY = "|".join(f"(?:{form.pattern})" for form in (*_COMMON, _triple("[-/. ]", "dmy")))
_TRIPLE = r"^\s*(?P<a>\d\d?)(?P<sign>[-/. ])(?P<b>\d\d?)[-/. ](?P<c>\d{4}|\d\d)(?:\D.*)?$"


def share_in_form(values):
    """The share of strings that are written like a date, whether or not there is such a day."""
    matched = pc.match_substring_regex(pa.array(values, pa.string()), _ANY)
    return float(np.mean(matched.to_numpy(zero_copy_only=False))) if len(values) else 0.0


def decide_order(values):
    """The order of day, month and year in the strings of a column.

    Args:
      values: a NumPy object array of str.

    Returns:
      order: the one in which most values are days of the calendar, one of `ORDERS`; `BY_SIGN` if
        no value is written in three numbers with one or two digits first, or if nothing decides.
      open_case: a value that can be read in two ways, where nothing decides; else "".
    """
    parts = pc.extract_regex(pa.array(values, pa.string()), _TRIPLE).drop_null()
    if not len(parts):
        return BY_SIGN, ""
    a, b, c = (_numbers(parts.field(i)) for i in (0, 2, 3))
    short = pc.equal(pc.utf8_length(parts.field(3)), 2).to_numpy(zero_copy_only=False)
    fits = {
        "dmy": _fitting(day=a, month=b),
        "mdy": _fitting(day=b, month=a),
        "ymd": _fitting(day=c, month=b) & short,
    }
    counts = {order: int(fit.sum()) for order, fit in fits.items()}
    best = max(ORDERS, key=counts.get)
    if counts["dmy"] != counts["mdy"] or counts[best] > counts["dmy"]:
        return best, ""
    both = np.flatnonzero(fits["dmy"] & fits["mdy"] & (a != b))
    texts = pc.drop_null(pc.if_else(pc.match_substring_regex(values, _TRIPLE), values, None))
    return BY_SIGN, texts[int(both[0])].as_py() if len(both) else ""


def _numbers(strings):
    return strings.cast(pa.int32()).to_numpy(zero_copy_only=False)


def _fitting(*, day, month):
    return (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)
