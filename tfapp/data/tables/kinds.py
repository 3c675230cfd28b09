"""What a column is: numeric, boolean, code, category, date, text; or ignored, with the reason."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.tables import columns, date_columns, missing_codes, names
from tfapp.data.tables.date_columns import DATE, DATES
from tfapp.data.tables.index_columns import why_index
from tfapp.data.tables.missing import is_missing
from tfapp.errors import UsageError
from tfapp.registry import suggest

IGNORED = "ignored"
CODE = "code"  # a whole number that is a name, such as a zip code
KINDS = ("numeric", "boolean", CODE, "category", *DATES, "text", IGNORED)
_SAMPLE = 2000  # distinct values that are inspected
# Distinct values up to which strings are categories, however few the rows; and whole numbers need
# be no codes, because each has a bin of its own (`preprocessing.robust`).
_FEW = 50
_WORDS = 2.5  # of the average value, from which a column holds texts rather than names
_NUMBERS = 0.9  # share of numbers from which a column of strings is one of numbers
_EXACT = 2**24  # whole numbers below are exact in float32


@dataclasses.dataclass(frozen=True)
class Kind:
    """A column's kind, and why it was chosen."""

    name: str
    reason: str  # of IGNORED, why; otherwise what a user should know, or nothing
    instead: str = ""  # the kind that an ignored column would have
    codes: tuple[float, ...] = ()  # numbers that stand for a missing value
    coded: int = 0  # rows that have one of them


def forced_kinds(pairs, known):
    """--feature_kind -> column name -> `Kind`; `known` are all columns. Raises UsageError."""
    kinds = {}
    for pair in pairs:
        name, _, kind = pair.rpartition(":")
        if name not in known:
            raise UsageError(
                f"--feature_kind={pair}: no column {name!r}{suggest(name, known)} "
                f"({names.columns_in_words(known)})"
            )
        if kind not in KINDS:
            raise UsageError(
                f"--feature_kind={pair}: unknown{suggest(kind, KINDS)} (one of {', '.join(KINDS)})"
            )
        kinds[name] = Kind(kind, "--feature_kind")
    return kinds


def infer(train, name, *, forced=None, index=False):
    """The `Kind` of the column `name` of the training `Part`.

    Args:
      forced: the `Kind` that --feature_kind gives it, or None.
      index: whether an index is learnt from.
    """
    if forced is not None:
        if forced.name != DATE:
            return forced
        return Kind(*date_columns.kind_of(train.strings(name).values))
    found = _of_values(train, name)
    if found.name == IGNORED:
        return found
    if _is_constant(train, name):
        return Kind(IGNORED, "has one value only")
    why = "" if index or found.name in DATES else why_index(train, name)
    if why:
        return Kind(IGNORED, why, found.name)
    return _of_numbers(train, name) if found.name == "numeric" else found


def _of_values(train, name):
    chunks = train.columns[name]
    types = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if not types:
        return Kind(IGNORED, "is empty")
    if all(pa.types.is_boolean(t) for t in types):
        return Kind("boolean", "")
    if all(columns.is_number(t) or pa.types.is_boolean(t) for t in types):
        whole = all(pa.types.is_integer(t) for t in types)
        if whole and date_columns.are_days(train, name):
            return Kind(DATE, "days of eight digits", "numeric")
        return Kind("numeric", "")
    if all(columns.is_date(t) or pa.types.is_time(t) for t in types):
        return Kind(DATE, "")
    if all(columns.is_string(t) for t in types):
        return _of_strings(train.strings(name))
    if all(pa.types.is_dictionary(t) for t in types):
        return Kind("category", "")
    return Kind(IGNORED, f"has values of type {' and '.join(sorted(map(str, types)))}")


def _of_numbers(train, name):
    """Whether numbers are quantities or names, and which of them mean missing."""
    chunks = train.columns[name]
    whole = all(pa.types.is_integer(c.type) or pa.types.is_null(c.type) for c in chunks)
    if whole and names.of_codes(name):
        values = pa.chunked_array([c.cast(pa.int64()) for c in chunks])
        distinct = pc.count_distinct(values).as_py()
        if distinct > train.num_rows / 2 and names.of_rows(name):
            share = distinct / train.num_rows
            why = f"{share:.0%} of its values are distinct, as those of an identifier"
            return Kind("numeric", why, IGNORED)
        if _FEW < distinct <= train.num_rows / 2:
            kind = CODE if max(map(abs, columns.bounds(chunks))) < _EXACT else "category"
            return Kind(kind, "the name of codes", "numeric")
    return Kind("numeric", "", "", *missing_codes.find(chunks))


def _is_constant(train, name):
    chunks = train.columns[name]
    if any(chunk.null_count or pa.types.is_null(chunk.type) for chunk in chunks):
        return False  # whether a value is there is known of each row
    if any(pa.types.is_dictionary(chunk.type) or columns.is_string(chunk.type) for chunk in chunks):
        return int((train.strings(name).counts() > 0).sum()) == 1
    low, high = columns.bounds(chunks)
    return low is not None and low == high and not any(map(_has_nan, chunks))


def _has_nan(chunk):
    return pa.types.is_floating(chunk.type) and bool(pc.any(pc.is_nan(chunk)).as_py())


def _of_strings(column):
    values, rows = column.values, len(column)
    values = values[~is_missing(values, words=False)]
    distinct = len(column.values)
    if not len(values):
        return Kind(IGNORED, "is empty")
    sample = values[:: max(len(values) // _SAMPLE, 1)]
    if distinct > _FEW and columns.number_share(sample) >= _NUMBERS:
        return Kind("numeric", "")
    if date_columns.are_dates(sample):
        return Kind(*date_columns.kind_of(values))
    words = float(np.mean([len(value.split()) for value in sample]))
    count = f"{distinct:,} distinct values"
    if words >= _WORDS and (distinct > _FEW or distinct > rows / 2):
        return Kind("text", "")
    if distinct <= max(_FEW, rows / 2):
        return Kind("category", "")
    return Kind(IGNORED, f"{count} in {rows:,} rows name the row rather than describe it",
                "category")  # fmt: skip
