"""A DataFrame, or a dict of columns, in memory -> an Arrow table such as the readers of files give.

Nothing here imports pandas or Polars: what a user has not imported cannot have been given.
"""

import sys

import numpy as np
import pyarrow as pa

from tfapp.errors import DataError
from tfapp.given import ArrowStream

_CATEGORIES = pa.dictionary(pa.int32(), pa.string())
_PLAIN = (str, bool, int, float)  # values that are turned into text where a column mixes them


def table_of(frame, where):
    """A table of columns -> a `pyarrow.Table`. The index of a pandas DataFrame is no column.

    Args:
      frame: a pandas DataFrame, or any table with an Arrow C stream.
      where: what messages call it.

    Raises:
      DataError: a column holds values that no column of a table can hold.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        names = [str(name) for name in frame.columns]
        columns = [frame.iloc[:, i] for i in range(len(names))]
        return _table(names, columns, where)
    try:
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"{where}: cannot be read as a table ({_first_line(error)})") from error
    return _table(table.column_names, table.columns, where)


def table_of_columns(columns, where):
    """A dict of arrays or lists [n] -> a `pyarrow.Table`. Raises DataError, as `table_of`."""
    return _table([str(name) for name in columns], list(columns.values()), where)


def _table(names, columns, where):
    arrays = [_column(f"{where}, {n!r}", c) for n, c in zip(names, columns, strict=True)]
    lengths = {name: len(array) for name, array in zip(names, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{where}: columns differ in their number of rows: {lengths}")
    return pa.Table.from_arrays(arrays, names)


def _column(where, values):
    """One column as a `pyarrow.ChunkedArray` of a type that files have too."""
    try:
        array = _arrow(values)
        if pa.types.is_dictionary(array.type):
            return pa.chunked_array(map(_categories, array.chunks), _CATEGORIES)
        return array.cast(pa.string()) if pa.types.is_string_view(array.type) else array
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where}: cannot be read as a column ({_first_line(error)})") from error


def _categories(chunk):
    """A chunk of a categorical column, whose categories may be anything, as one of strings."""
    values = chunk.dictionary.cast(pa.string())
    return pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), values)


def _arrow(values):
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, pandas.Series):
        if values.dtype != object:
            return _chunked(pa.array(values, from_pandas=True))
        values = values.where(values.notna(), None).to_numpy()
    elif isinstance(values, (pa.Array, pa.ChunkedArray)):
        return _chunked(values)
    elif isinstance(values, ArrowStream):  # a column of Polars, for example
        return pa.chunked_array(values)
    elif not isinstance(values, list):
        values = np.asarray(values)
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8", "replace")
    return _chunked(_of_values(values))


def _of_values(values):
    """A list or an array [n] as an Arrow array; numbers and strings together become strings."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        values = values if isinstance(values, list) else values.tolist()
        if not all(value is None or isinstance(value, _PLAIN) for value in values):
            raise
        return pa.array([None if v is None or v != v else str(v) for v in values], pa.string())


def _chunked(array):
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _first_line(error):
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
