"""Arrow columns -> NumPy: numbers as float32 with NaN for missing, strings as `StringColumn`."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.splits.string_column import StringColumn
from tfapp.data.tables import numbers

_ENCODED = pa.dictionary(pa.int32(), pa.string())
_DATE = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)"
_INTEGER = r"^-?\d{1,15}$"
MOSTLY = 0.9  # share of numbers from which a label of strings is one of numbers


def is_number(kind):
    """True for Arrow types of numbers."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def is_date(kind):
    """True for Arrow types of dates and moments."""
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def is_string(kind):
    """True for Arrow types of strings, dictionary-encoded ones included."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def is_flat(kind):
    """True for Arrow types whose values are one number, date or text, or always missing."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    known = (is_number, is_date, is_string, pa.types.is_boolean, pa.types.is_null, pa.types.is_time)
    return any(is_one(value) for is_one in known)


def bounds(chunks):
    """(lowest, highest) number in Arrow arrays of numbers or truth values; None without any."""
    found = [pc.min_max(c).as_py() for c in chunks if len(c) and not pa.types.is_null(c.type)]
    low = [b["min"] for b in found if b["min"] is not None and b["min"] == b["min"]]
    high = [b["max"] for b in found if b["max"] is not None and b["max"] == b["max"]]
    return min(low, default=None), max(high, default=None)


def as_strings(chunks):
    """Concatenated Arrow arrays as a `StringColumn`; missing values are ""."""
    column = pa.chunked_array([_dictionary(chunk) for chunk in chunks])
    column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    values = column.dictionary.to_numpy(zero_copy_only=False).astype(object)
    codes = column.indices
    if not codes.null_count:
        return StringColumn(codes.to_numpy(), values)
    blank = np.flatnonzero(values == "")
    code = int(blank[0]) if len(blank) else len(values)
    if not len(blank):
        values = np.append(values, np.array([""], object))
    return StringColumn(codes.fill_null(code).to_numpy(zero_copy_only=False), values)


def _dictionary(chunk):
    """The chunk as a dictionary of int32 codes and strings."""
    if pa.types.is_null(chunk.type):
        chunk = chunk.cast(pa.string())
    if not pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_encode()
    if chunk.type == _ENCODED:
        return chunk
    # Only the distinct values of dates and numbers are turned into text.
    values = chunk.dictionary.cast(pa.string())
    return pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), values, safe=False)


def as_numbers(chunks):
    """Concatenated Arrow arrays as (float32 [n] with NaN for missing, bad).

    bad: bool [n], True where a string is not a number; None if there are no strings.
    """
    if any(is_string(chunk.type) for chunk in chunks):
        column = as_strings(chunks)
        numbers, bad = _parse(column.values)
        return column.map(numbers), column.map(bad)
    parts = [_floats(chunk) for chunk in chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts), None


def _floats(chunk):
    if pa.types.is_boolean(chunk.type):
        chunk = chunk.cast(pa.uint8())
    if pa.types.is_decimal(chunk.type):
        chunk = chunk.cast(pa.float64())
    numbers = chunk.cast(pa.float32(), safe=False)
    return numbers.to_numpy(zero_copy_only=False)  # NaN for null


def _parse(values):
    """Strings -> (float32 with NaN for missing, bool: neither number nor missing)."""
    strings = pa.array(values, pa.string())
    found = numbers.canonical(strings, numbers.POINT)
    floats = found.cast(pa.float64()).to_numpy(zero_copy_only=False)
    missing = numbers.missing(strings).to_numpy(zero_copy_only=False)
    bad = np.isnan(floats) & ~missing
    return floats.astype(np.float32), bad


def with_numbers(chunks, mark):
    """Arrow arrays of strings as numbers, if all strings are numbers or mean missing.

    Else as strings, with numbers as Python writes them.

    Args:
      chunks: of a column; those that are not strings are kept.
      mark: the decimal mark.
    """
    read = [_plain(chunk, mark) if is_string(chunk.type) else (chunk, True) for chunk in chunks]
    if not all(numeric for _, numeric in read):
        return [chunk for chunk, _ in read]
    strings = [chunk for chunk, _ in read if is_string(chunk.type)]
    whole = all(pc.all(pc.match_substring_regex(s, _INTEGER)).as_py() in (True, None)
                for s in map(some_strings, strings))  # fmt: skip
    kind = pa.int64() if whole else pa.float64()
    return [_cast(chunk, kind) if is_string(chunk.type) else chunk for chunk, _ in read]


def _plain(chunk, mark):
    """(strings with numbers as Python writes them, whether there is nothing but numbers)."""
    strings = some_strings(chunk)
    found, absent = numbers.canonical(strings, mark), pc.fill_null(numbers.missing(strings), True)
    numeric = pc.all(pc.or_(pc.is_valid(found), absent)).as_py() in (True, None)
    null = pa.scalar(None, pa.string())
    plain = pc.if_else(pc.is_valid(found), found, null if numeric else strings)
    if not pa.types.is_dictionary(chunk.type):
        return plain, numeric
    return plain.take(chunk.indices).dictionary_encode(), numeric


def some_strings(chunk):
    """The distinct strings of a chunk that is dictionary-encoded; else all of them."""
    return chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk


def _cast(chunk, kind):
    values = some_strings(chunk).cast(kind)
    return values.take(chunk.indices) if pa.types.is_dictionary(chunk.type) else values


def date_share(values):
    """The share of the non-empty `values` that begin with a date such as 2024-02-29."""
    dates = pc.match_substring_regex(pa.array(values, pa.string()), _DATE)
    return pc.sum(dates).as_py() / max(int((values != "").sum()), 1)


def number_or_word(value):
    """Sort key of strings: numbers by size, then words by letter."""
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def number_share(values):
    """The share of numbers among the `values` that do not mean missing."""
    numbers, bad = _parse(values)
    numeric = ~np.isnan(numbers)
    return numeric.sum() / max(numeric.sum() + bad.sum(), 1)
