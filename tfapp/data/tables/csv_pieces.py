"""A CSV file piece by piece, in the memory of a piece: how --mode=predict reads files of any size.

The types of the columns are those of the first piece. Where a later value is of no such type, the
column is read with a wider one from there on: numbers with decimals, and then strings.
"""

import io
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tfapp.data.tables import transcode
from tfapp.data.tables.csv_file import BLOCK, CsvFile, NotUtf8Error, reason
from tfapp.errors import DataError

_COLUMN = re.compile(r"In CSV column #(\d+)")


class WiderTypeError(Exception):
    """A value is not of its column's type.

    Attributes:
      name, kind: of the column, and the Arrow type to read it with.
    """

    def __init__(self, name, kind):
        super().__init__(name)
        self.name, self.kind = name, kind


class CsvPieces(CsvFile):
    """One file, whose dialect, layout and encoding are known."""

    def read_pieces(self, types):
        """Yields (table, numbers, malformed) for some thousands of rows at a time.

        Args:
          types: name of a column -> Arrow type, of those that are not to be inferred.

        Yields:
          table: a `pyarrow.Table` of the rows that can be read, at least one if none is malformed.
          numbers: int64, which rows these are, from 1.
          malformed: row number -> reason, of others up to there.

        Raises:
          WiderTypeError, NotUtf8Error: see there; read again.
          DataError: the file cannot be read.
        """
        bad, row = [], 1
        counted = self._layout.skipped + (self._layout.names is None)
        for table in self._tables(bad, types):
            numbers, found = _numbered(row, table.num_rows, [r.number - counted for r in bad])
            here, bad[:] = bad[:found], bad[found:]
            row = int(numbers[-1]) + 1
            yield self._sound(table, numbers, here, counted)
        if bad:
            empty = table.slice(0, 0)
            yield self._sound(empty, np.zeros(0, np.int64), bad, counted)

    def _sound(self, table, numbers, bad, counted):
        """(table, numbers, malformed) with rows put back that have empty fields too many."""
        malformed = {}
        if bad:
            table, numbers, malformed = self._with_mended(
                table, numbers, {r.number - counted: r for r in bad}
            )
        if self._dialect.spaced or self._missing:
            table = self._cleaned(table)
        if self._damaged:
            table, damaged, numbers = self._undamaged(table, numbers)
            malformed |= damaged
        return table, numbers, malformed

    def _tables(self, bad, types):
        """Yields tables; appends the rows that do not fit to `bad` as they are met."""
        names = []
        try:
            with self._opened(bad, types) as (reader, stream):
                names += reader.schema.names
                for batch in reader:
                    if any(_is_binary(field.type) for field in batch.schema):
                        raise NotUtf8Error
                    self._damaged = stream is not None and stream.damaged
                    if batch.num_rows:
                        yield pa.Table.from_batches([batch])
        except UnicodeDecodeError as error:
            raise NotUtf8Error from error
        except pa.ArrowInvalid as error:
            raise self._error_for(error, names, types) from error

    def _error_for(self, error, names, types):
        text = str(error)
        if "UTF8" in text:
            return NotUtf8Error()
        found = _COLUMN.search(text)
        name = names[int(found[1])] if found and names else None
        if name is None or types.get(name) == pa.string():
            return DataError(f"{self._path}: {reason(error)}")
        decimals = "int64" in text and name not in types
        return WiderTypeError(name, pa.float64() if decimals else pa.string())

    def _opened(self, bad, types):
        def skip(row):
            bad.append(row)
            return "skip"

        options = (
            pa.csv.ReadOptions(
                use_threads=False,  # which numbers the rows
                block_size=BLOCK,
                skip_rows=self._layout.skipped,
                column_names=self._layout.names,
            ),
            self._parse_options(newlines_in_values=True, invalid_row_handler=skip),
            self._convert_options({**dict.fromkeys(self._strings, pa.string()), **types}),
        )
        options[2].auto_dict_encode = False
        if self._decoded or self._blanks:
            stream = transcode.Utf8Stream(self._path, self._encoding, blanks=self._blanks)
            return _Opened(io.BufferedReader(stream, BLOCK), options, stream)
        return _Opened(self._path, options, None)


class _Opened:
    """A context manager: the reader of a file or stream, and the stream if there is one."""

    def __init__(self, file, options, stream):
        self._file, self._options, self._stream = file, options, stream
        self._reader = None

    def __enter__(self):
        self._reader = pa.csv.open_csv(self._file, *self._options)
        return self._reader, self._stream

    def __exit__(self, *error):
        if self._reader is not None:
            self._reader.close()
        if self._stream is not None:
            self._stream.close()


def _numbered(first, count, bad):
    """The numbers of `count` rows from `first` on, without those in `bad`, and how many these are.

    `bad`: ascending row numbers, some of which may lie beyond.
    """
    numbers = np.setdiff1d(np.arange(first, first + count + len(bad)), bad)[:count]
    return numbers, int(np.searchsorted(bad, numbers[-1]))


def _is_binary(kind):
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
