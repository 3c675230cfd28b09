"""What a column is: numeric, boolean, category, date, text; or ignored, with the reason."""

import dataclasses

import numpy as np
import pyarrow as pa

from tfapp.data.tables import columns
from tfapp.errors import UsageError
from tfapp.registry import suggest

KINDS = ("numeric", "boolean", "category", "date", "text")
IGNORED = "ignored"
_SAMPLE = 2000  # distinct values that are inspected
_FEW = 50  # distinct values up to which a column is one of categories, however few its rows
_WORDS = 2.5  # of the average value, from which a column holds texts rather than names
_DATES = 0.9  # share of dates from which a column of strings is one of dates
_NUMBERS = 0.9  # share of numbers from which a column of strings is one of numbers


@dataclasses.dataclass(frozen=True)
class Kind:
    """A column's kind, and why it was chosen."""

    name: str
    reason: str


def forced_kinds(pairs, names):
    """--feature_kind -> column name -> `Kind`. Raises UsageError."""
    kinds = {}
    for pair in pairs:
        name, _, kind = pair.rpartition(":")
        if name not in names:
            raise UsageError(
                f"--feature_kind={pair}: no column {name!r}{suggest(name, names)} "
                f"(columns: {', '.join(names)})"
            )
        if kind not in KINDS:
            raise UsageError(
                f"--feature_kind={pair}: unknown{suggest(kind, KINDS)} (one of {', '.join(KINDS)})"
            )
        kinds[name] = Kind(kind, "--feature_kind")
    return kinds


def infer(train, name):
    """The `Kind` of the column `name` of the training `Part`."""
    chunks = train.columns[name]
    types = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if not types:
        return Kind(IGNORED, "is empty")
    if all(pa.types.is_boolean(t) for t in types):
        return Kind("boolean", "true and false")
    if all(columns.is_number(t) or pa.types.is_boolean(t) for t in types):
        return Kind("numeric", "numbers")
    if all(columns.is_date(t) for t in types):
        return Kind("date", "dates")
    if all(columns.is_string(t) for t in types):
        return _of_strings(train.strings(name))
    return Kind(IGNORED, f"has values of type {' and '.join(sorted(map(str, types)))}")


def _of_strings(column):
    values, rows = column.values, len(column)
    distinct = len(values)
    sample = values[:: max(distinct // _SAMPLE, 1)]
    if distinct > _FEW and columns.number_share(sample) >= _NUMBERS:
        return Kind("numeric", "nearly all are numbers")
    if columns.date_share(sample) >= _DATES:
        return Kind("date", "nearly all are dates")
    words = float(np.mean([len(value.split()) for value in sample]))
    count = f"{distinct:,} distinct values"
    if words >= _WORDS and (distinct > _FEW or distinct > rows / 2):
        return Kind("text", f"{count} of {words:.0f} words")
    if distinct <= max(_FEW, rows / 2):
        return Kind("category", count)
    return Kind(IGNORED, f"{count} in {rows:,} rows name the row rather than describe it")
