"""Numbers as people write them: 1,234.5, 1.234,50 €, 12 %, (1,234), 1 234, 1'234.

What a comma or a point means is decided once a column, from its values in train. Spaces and
apostrophes between groups of three digits, one currency sign, a percent sign (12% is 12) and the
parentheses of accountants, which mean minus, are read with either.
"""

import dataclasses
import re

import pyarrow as pa
import pyarrow.compute as pc

POINT, COMMA = ".", ","  # decimal marks
# Of values that mean "missing" among numbers, in any case of letters.
MISSING = (
    "", "na", "n/a", "n.a.", "<na>", "nan", "-nan", "null", "nil", "none", "missing", "nd", "?",
    "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "#n/a", "#na", "#n/a n/a", "#null!",
    "#div/0!", "#value!", "#ref!", "#num!", "-1.#ind", "1.#ind", "1.#qnan", "-1.#qnan", r"\n",
)  # fmt: skip
_MISSING = frozenset(MISSING)
SHARE = 0.9  # of numbers among the values present, from which a column is one of numbers
_GLANCE = 64  # distinct values that are enough to recognise most columns of words
_SAMPLE = 1 << 14  # distinct values by which a column is decided on
_SPACES = " \u00a0\u2009\u202f"  # none, thin, and those that do not break
_MINUS = "\\-\u2212"
_APOSTROPHES = "'\u2019"
_UNIT = r"(?:[$€£¥₹₩₽₺₪฿₫₴¢]|USD|EUR|GBP|CHF|JPY)?"


def _pattern(decimal):
    """The regular expression, of Python and of RE2, for a number with this decimal mark."""
    mark, group = re.escape(decimal), re.escape(COMMA if decimal == POINT else POINT)
    grouped = "|".join(
        [
            rf"(?:{group}\d{{2,3}})*{group}\d{{3}}",  # 1,234,567 and India's 12,34,567
            rf"(?:[{_SPACES}]\d{{3}})+",
            rf"(?:[{_APOSTROPHES}]\d{{3}})+",
        ]
    )
    return (
        rf"^[\s{_SPACES}]*(?P<open>\(?)\s*(?P<sign>[+{_MINUS}]?)\s*(?P<unit>{_UNIT})[{_SPACES}]*"
        rf"(?P<inner>[+{_MINUS}]?)"
        rf"(?P<digits>(?:[1-9]\d{{0,2}}(?:{grouped})|\d+)(?:{mark}\d*)?|{mark}\d+)"
        rf"(?P<exponent>(?:[eE][+\-]?\d+)?)"
        rf"[{_SPACES}]*(?P<after>%|{_UNIT})(?P<last>-?)(?P<close>\)?)[\s{_SPACES}]*$"
    )


_PATTERNS = {decimal: _pattern(decimal) for decimal in (POINT, COMMA)}
_NUMBER = {decimal: re.compile(pattern) for decimal, pattern in _PATTERNS.items()}
_SIMPLE = {  # the most of them, read faster
    decimal: rf"^[+\-]?(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+)(?:{mark}\d*)?$"
    for decimal, mark, group in ((POINT, r"\.", ","), (COMMA, ",", r"\."))
}
_SEPARATORS = {POINT: f"[,{_APOSTROPHES}{_SPACES}]", COMMA: f"[.{_APOSTROPHES}{_SPACES}]"}
_UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}$")  # thousands, or three decimals


def is_number(text, decimal):
    """Whether `text` is a number with this decimal mark."""
    return _NUMBER[decimal].match(text) is not None


def is_missing(text):
    """Whether `text` means a missing value among numbers."""
    return text.strip().lower() in _MISSING


def evidence(column):
    """The decimal mark that the strings of a column show; "" if they are no numbers, or show none.

    Args:
      column: some of its strings.
    """
    texts = [text for text in column if not (text.isdecimal() or is_missing(text))]
    fits = [[mark for mark in _NUMBER if is_number(text, mark)] for text in texts]
    shown = {marks[0] for marks in fits if len(marks) == 1}
    words = sum(not marks for marks in fits)
    return shown.pop() if len(shown) == 1 and words <= (1 - SHARE) * len(column) else ""


def unclear_mark(text):
    """The mark of an ambiguous number such as 1,234; else ""."""
    found = _UNCLEAR.match(text.strip())
    return found[1] if found else ""


def missing(strings):
    """Which Arrow strings mean a missing value among numbers: bool, null for null."""
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(strings)), pa.array(MISSING))


def canonical(strings, decimal):
    """An Arrow array of strings as Python writes numbers, such as -1234.5; null for any other."""
    simple = pc.fill_null(pc.match_substring_regex(strings, _SIMPLE[decimal]), False)
    if not pc.any(simple).as_py():
        return _of_any_form(strings, decimal)
    text = pc.replace_substring(strings, COMMA if decimal == POINT else POINT, "")
    text = text if decimal == POINT else pc.replace_substring(text, COMMA, POINT)
    text = pc.if_else(simple, text, pa.scalar(None, pa.string()))
    other = pc.invert(simple)
    if not pc.any(other).as_py():
        return text
    return pc.replace_with_mask(text, other, _of_any_form(strings.filter(other), decimal))


def _of_any_form(strings, decimal):
    found = pc.extract_regex(strings, _PATTERNS[decimal])
    names = ("open", "sign", "inner", "digits", "exponent", "last", "close")
    part = {name: pc.struct_field(found, [name]) for name in names}
    digits = pc.replace_substring_regex(part["digits"], _SEPARATORS[decimal], "")
    digits = pc.replace_substring(digits, COMMA, POINT)
    signs = pc.binary_join_element_wise(*(part[n] for n in ("sign", "inner", "last", "open")), "")
    minus = pc.match_substring_regex(signs, rf"[{_MINUS}(]")
    valid = pc.and_(
        pc.less_equal(pc.utf8_length(signs), 1),
        pc.equal(pc.utf8_length(part["open"]), pc.utf8_length(part["close"])),
    )
    text = pc.binary_join_element_wise(pc.if_else(minus, "-", ""), digits, part["exponent"], "")
    return pc.if_else(valid, text, pa.scalar(None, pa.string()))


@dataclasses.dataclass(frozen=True)
class Form:
    """How the numbers of a column are written."""

    mark: str  # the decimal mark
    unit: str = ""  # the currency or percent sign that stands at them
    plain: bool = True  # as Python writes them


def find_form(strings, prefer=POINT):
    """How the numbers of a column are written.

    Args:
      strings: its distinct strings, a NumPy array.
      prefer: the decimal mark to take where both fit as many values.

    Returns:
      a `Form`; None if the column is not one of numbers.
    """
    marks = (prefer, COMMA if prefer == POINT else POINT)
    for most, share in ((_GLANCE, 0.8 * SHARE), (_SAMPLE, SHARE)):
        sample = pa.array(strings[:: max(len(strings) // most, 1)], pa.string())
        sample = sample.filter(pc.invert(pc.fill_null(missing(sample), True)))
        read = {mark: canonical(sample, mark) for mark in marks}
        best = min(marks, key=lambda mark: read[mark].null_count)
        if not len(sample) or read[best].null_count > (1 - share) * len(sample):
            return None
    units, bracketed = _signs(sample, best)
    if len(units) > 1 or bracketed:
        return None
    same = pc.all(pc.equal(sample, read[best])).as_py() in (True, None)
    return Form(best, "".join(units), plain=same)


def _signs(strings, mark):
    """The currency and percent signs, and whether all numbers are in parentheses."""
    found = pc.extract_regex(strings, _PATTERNS[mark]).drop_null()
    signs = (pc.struct_field(found, [n]).unique().to_pylist() for n in ("unit", "after"))
    units = {sign for some in signs for sign in some} - {""}
    return units, bool(pc.all(pc.equal(pc.struct_field(found, ["open"]), "(")).as_py())
