"""A Parquet file -> an Arrow table; dictionary-encoded strings stay so."""

import pyarrow as pa
import pyarrow.parquet

from tfapp.data.tables.reader import TableReader
from tfapp.errors import DataError

ENDINGS = (".parquet", ".pq")


def read(path):
    """Reads the file at `path`: (`pyarrow.Table`, {}). Raises DataError."""
    try:
        schema = pa.parquet.read_schema(path)
        strings = [f.name for f in schema if pa.types.is_string(f.type)]
        table = pa.parquet.read_table(path, read_dictionary=strings)
        table.validate(full=True)
        return table, {}
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:  # if damaged
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise DataError(f"{path}: cannot be read as Parquet ({reason})") from error


class ParquetReader(TableReader):
    """Reads files with `read`."""

    ENDINGS = ENDINGS

    def read(self, path):
        """See `TableReader`."""
        return read(path)
