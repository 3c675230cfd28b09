"""Delimiter, quotes and header of a CSV, from its beginning.

Of all ways to split the text, the one is taken that gives rows of one length and cells that look
like values. After van den Burg, Nazábal & Sutton, "Wrangling messy CSV files by detecting row and
type patterns", arXiv:1811.11242.
"""

import collections
import csv
import functools
import io
import re

from tfapp.data.tables import numbers

DELIMITERS = (",", ";", "\t", "|")  # where two are as good, the earlier
_ROWS = 120  # that are looked at
_SCORED = 50  # by which ways to split the text are compared
_DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$"
)
_WORDS = re.compile(r"[\w(#][\w .:/()&'+@%\-]*[!?]?$")
_FOREIGN = re.compile(r"[\t|]|[;,](?! )")  # delimiters as they stand between values
_QUOTED = re.compile(r"^[\"']|[\"']$|\\[\"']")  # or escaped
_CELLS = 20_000  # that are looked at, in a table of thousands of columns
_ALONE = 0.01  # score of what leaves every row whole
_YEARS = range(1000, 3000)


def rows(text, *, delimiter, quote='"', escape="", spaced=False, most=_ROWS):
    """The first rows as lists of strings, each with the line it ends at; no blank ones."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
        skipinitialspace=spaced,
    )
    found = []
    try:
        for row in reader:
            if row:
                found.append((row, reader.line_num))
            if len(found) == most:
                break
    except csv.Error:  # a field without an end; the rows before it have to do
        pass
    return found


def width(table):
    """The number of fields that most rows have; the larger of two."""
    counts = collections.Counter(map(len, table))
    return max(counts, key=lambda n: (counts[n], n), default=0)


def choose(text, *, delimiters=None, quotes=None, likely=","):
    """How the text is split into fields.

    Args:
      text: of whole rows.
      delimiters, quotes: those to choose from; None: all.
      likely: the delimiter to take where several are as good.

    Returns:
      delimiter, quote, escape and spaced, by name, as `rows` takes them.
    """
    if delimiters:
        return max(_ways(text, delimiters, quotes), key=lambda way: _score(text, way))
    ways = _ways(text, sorted(DELIMITERS, key=lambda d: d != likely), quotes)
    best = max(ways, key=lambda way: _score(text, way))
    if _score(text, best) > _ALONE:
        return best
    apart = _ways(text, " ", quotes)  # where nothing else separates fields
    return max((best, *apart), key=lambda way: _score(text, way))


def _ways(text, delimiters, quotes):
    ways = [
        {"delimiter": d, "quote": q, "escape": e}
        for d in delimiters
        for q in (_quotes(text, d) if quotes is None else quotes)
        for e in _escapes(text, d, q)
    ]
    return [{**way, "spaced": _is_spaced(text, way)} for way in ways]


def _quotes(text, delimiter):
    """Quotes that stand where a field begins, the usual one first; and none."""
    edge = re.escape(delimiter)
    found = [q for q in "\"'" if re.search(rf"(?:^|[\r\n]|{edge}) *{q}", text)]
    return list(dict.fromkeys(['"', *found, *([""] if found else [])]))


def _escapes(text, delimiter, quote):
    special = re.escape(delimiter + quote + "\"'")
    return ["", "\\"] if re.search(rf"\\[{special}]", text) else [""]


def _is_spaced(text, way):
    """Whether nearly all delimiters are followed by a blank: in a, b, c."""
    if way["delimiter"] == " ":
        return False
    if f"{way['delimiter']} " not in text:
        return False
    cells = [cell for row, _ in rows(text, **way, most=_SCORED) for cell in row[1:]]
    return bool(cells) and sum(c.startswith(" ") for c in cells) > 0.9 * len(cells)


def _score(text, way):
    """The share of rows of the usual length, times how many fields and how clean they are."""
    table = [row for row, _ in rows(text, **way, most=_SCORED)]
    fields = width(table)
    usual = [row for row in table if len(row) == fields]
    share = len(usual) / max(len(table), 1)
    if fields < 2:
        return _ALONE * share
    cells = [cell for row in usual[: max(_CELLS // fields, 3)] for cell in row]
    return share**2 * sum(map(_clean, cells)) / len(cells) * (fields - 1) / fields


def _clean(cell):
    """How much a cell looks like a value, from 0 to 1."""
    if cell.isalnum() or not cell or is_number(cell) or _DATE.match(cell):
        return 1.0
    if cell.endswith(("\n", "\r")):  # no quote ends it
        return 0.0
    if _QUOTED.search(cell):
        return 0.1
    if _FOREIGN.search(cell) or "\n" in cell:
        return 0.5 if "\n" in cell or len(cell.split()) > 3 else 0.2
    return 1.0 if numbers.is_missing(cell) or _WORDS.match(cell) else 0.8


@functools.lru_cache(1 << 12)
def is_number(cell):
    """Whether a cell is a number with either decimal mark."""
    if cell.isdecimal():
        return True
    return any(numbers.is_number(cell, mark) for mark in (numbers.POINT, numbers.COMMA))


def has_header(table):
    """Whether the first of these rows of one length names the columns.

    It does if a word stands above numbers or dates. Where all its cells are of the kind of those
    below, it does only if its numbers count the columns, or are years above what are none, or, of
    words alone, if most of them do not occur again below.
    """
    most = max(_CELLS // max(len(table[0]), 1), 3)
    first, below = table[0], list(zip(*table[1:most], strict=True))
    if not below:
        return True
    kinds = [_kind_of(column) for column in below]
    typed = [i for i, kind in enumerate(kinds) if kind and not numbers.is_missing(first[i])]
    if any(_kind(first[i]) != kinds[i] for i in typed):
        return True
    words = [i for i, kind in enumerate(kinds) if not kind and first[i]]
    again = sum(first[i] in below[i] for i in words)
    if not typed:
        return again * 2 < max(len(words), 1)
    cells, columns = [first[i] for i in typed], [below[i] for i in typed]
    return not again and _are_names(cells, columns, among_words=bool(words))


def _kind_of(column):
    """What most cells of a column are: "number", "date", or "" for neither."""
    present = [cell for cell in column if not numbers.is_missing(cell)]
    kinds = collections.Counter(map(_kind, present))
    kind = max(kinds, key=kinds.get, default="")
    return kind if kinds[kind] >= 0.8 * len(present) else ""


def _kind(cell):
    cell = cell.strip()
    return "date" if _DATE.match(cell) else "number" if is_number(cell) else ""


def _are_names(cells, columns, among_words):
    """Whether numbers count the columns, or are years above values that are none.

    A single year is a name if the names of other columns are words.
    """
    if not all(cell.isdecimal() for cell in cells):
        return False
    found = [int(cell) for cell in cells]
    if len(found) > 2 and found in (list(range(len(found))), list(range(1, len(found) + 1))):
        return True
    values = [cell for column in columns for cell in column]
    return (
        (len(found) > 1 or among_words)
        and all(number in _YEARS for number in found)
        and found == sorted(set(found))
        and sum(c.isdecimal() and int(c) in _YEARS for c in values) < 0.5 * len(values)
    )
