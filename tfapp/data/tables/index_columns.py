"""Columns that tell rows apart and describe none of them: row numbers and identifiers.

The rule: a column is an index

- if it numbers the rows: whole numbers, none missing or twice, exactly 0 to n - 1 or 1 to n of its
  file or of all rows, in any order; or
- if its name is that of an identifier (`names.of_rows`) and no whole number or string is in it
  twice.

Other columns without repeated values, such as timestamps and measurements, are learnt from.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.tables import columns, names

_FEWEST_ROWS = 10  # below, 1, 2, 3 may be anything


def why_index(part, name):
    """Why the column `name` of a `Part` is an index; empty if it is none."""
    chunks = part.columns[name]
    types = {chunk.type for chunk in chunks if not pa.types.is_null(chunk.type)}
    if types and all(map(columns.is_number, types)):
        values = _whole(chunks)
        if values is None:
            return ""
        if part.num_rows >= _FEWEST_ROWS and _numbers_rows(values, part.file_sizes):
            return "numbers the rows"
        present = len(values) - values.null_count
        distinct = names.of_rows(name) and pc.count_distinct(values).as_py() == present
    elif types and all(map(columns.is_string, types)) and names.of_rows(name):
        strings = part.strings(name)
        counts = strings.counts()
        present = counts[strings.values != ""]
        distinct = len(present) > 0 and present.max() <= 1
    else:
        return ""
    return "names the row: no value twice, and the name of an identifier" if distinct else ""


def _whole(chunks):
    """The column as one chunked array of numbers; None if one is not whole."""
    if len({chunk.type for chunk in chunks}) > 1 or pa.types.is_decimal(chunks[0].type):
        chunks = [chunk.cast(pa.float64(), safe=False) for chunk in chunks]
    column = pa.chunked_array(chunks)
    if pa.types.is_integer(column.type):
        return column
    whole = pc.all(pc.equal(pc.floor(column), column), min_count=0)
    return column if whole.as_py() else None


def _numbers_rows(values, file_sizes):
    """Whether they are 0 to n - 1 or 1 to n, of all rows or of each file."""
    if values.null_count:
        return False
    if _is_range(values):
        return True
    if len(file_sizes) == 1:
        return False
    starts = np.cumsum([0, *file_sizes[:-1]])
    parts = zip(starts.tolist(), file_sizes, strict=True)
    return all(_is_range(values.slice(start, size)) for start, size in parts)


def _is_range(values):
    bounds = pc.min_max(values).as_py()
    low, high = bounds["min"], bounds["max"]
    if low not in (0, 1) or high - low + 1 != len(values):
        return False
    return pc.count_distinct(values).as_py() == len(values)
