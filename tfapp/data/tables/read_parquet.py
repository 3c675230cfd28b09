"""A Parquet file -> an Arrow table; dictionary-encoded strings stay so."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tfapp.data.tables.reader import TableReader
from tfapp.errors import DataError

ENDINGS = (".parquet", ".pq")
_ROWS, _BUFFER = 1 << 14, 1 << 20  # of a piece; bytes of a column that are read at a time
_DAMAGED = (pa.ArrowException, OSError, ValueError, TypeError, MemoryError)  # what is raised if so


def read(path):
    """Reads the file at `path`: (`pyarrow.Table`, {}). Raises DataError."""
    try:
        schema = pa.parquet.read_schema(path)
        strings = [f.name for f in schema if pa.types.is_string(f.type)]
        table = pa.parquet.read_table(path, read_dictionary=strings)
        table.validate(full=True)
        return table, {}
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def read_pieces(path, strings=()):
    """Yields (table, numbers, malformed), as `CsvReader.read_pieces` does.

    `strings`: ignored, because the file has types of its own.
    """
    del strings
    row = 1
    try:
        with pa.parquet.ParquetFile(path, buffer_size=_BUFFER) as file:
            for batch in file.iter_batches(_ROWS):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                yield table, np.arange(row, row + table.num_rows), {}
                row += table.num_rows
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def _unreadable(path, error):
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    return DataError(f"{path}: cannot be read as Parquet ({reason})")


class ParquetReader(TableReader):
    """Reads files with `read`, and `read_pieces`."""

    ENDINGS = ENDINGS

    def read(self, path):
        """See `TableReader`."""
        return read(path)

    def read_pieces(self, path, strings=()):
        """See `read_pieces`."""
        return read_pieces(path, strings)
