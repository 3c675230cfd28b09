"""Rows of a table as the named inputs of a model."""

import numpy as np
import tensorflow as tf

from tfapp.data.tables import columns, numbers
from tfapp.data.tables.read_csv import CsvReader
from tfapp.data.tables.read_parquet import ParquetReader
from tfapp.errors import DataError, UsageError
from tfapp.modes.predict import kept
from tfapp.modes.predict.stream import InputStream, Piece

ENDINGS = (*CsvReader.ENDINGS, *ParquetReader.ENDINGS)


def takes_one_text(signature):
    """True if the model's only input is one string per example."""
    specs = list(signature.values())
    return len(specs) == 1 and is_scalar(specs[0]) and specs[0].dtype == tf.string


def is_scalar(spec):
    """True if the input has one value per example: a column of a table."""
    return spec.shape.rank == 1


class TableStream(InputStream):
    """A CSV or Parquet file."""

    def __init__(self, path, signature, csv, keep):
        """
        Args:
          path: of the file.
          signature: feature -> tf.TensorSpec [None, ...], as `ServedModel.inputs`.
          csv: a `CsvReader`.
          keep: --keep_columns.

        Raises:
          UsageError: an input of the model is not a column, or one to keep does not exist.
          DataError: the file cannot be read, or lacks a column.
        """
        other = [name for name, spec in signature.items() if not is_scalar(spec)]
        if other:
            raise UsageError(
                f"--input={path}: the model takes {other[0]}, which is not a column; use .npz"
            )
        self._path, self._signature = path, signature
        is_csv = path.name.endswith(csv.ENDINGS)
        self._reader = csv if is_csv else ParquetReader()
        self._forms = {}  # column of strings -> how its numbers are written; None: it has none
        found = self._columns()
        for name in signature:
            if name not in found:
                raise DataError(
                    f"--input={path}: has no column {name!r} (columns: {', '.join(found)})"
                )
        self.files, self.kept = [path], tuple(kept.choose(keep, found, signature, path))

    def _columns(self):
        """Names of the columns. Raises DataError."""
        tables = self._reader.read_pieces(self._path)
        for table, _, malformed in tables:
            self._check(malformed)
            tables.close()
            names = table.column_names
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise DataError(f"{self._path}: has two columns called {twice!r}")
            return names
        raise DataError(f"{self._path}: holds no rows")

    def pieces(self, start):
        """See `InputStream`. The rows before are read as well, because they decide on types."""
        row = 0
        for table, copied in self._tables():
            for name in self._signature:
                self._find_form(name, table[name])
            skipped = min(max(start - row, 0), table.num_rows)
            row += skipped
            if skipped < table.num_rows:
                yield self._piece(table.slice(skipped), copied.slice(skipped), row)
            row += table.num_rows - skipped

    def _piece(self, table, copied, row):
        features = {n: self._column(n, s, table[n], row) for n, s in self._signature.items()}
        names = [str(row + i + 1) for i in range(table.num_rows)]
        return Piece(names, features, {name: copied[name].to_pylist() for name in self.kept})

    def _tables(self):
        """Yields tables of rows, and the same rows' columns to keep as the file has them.

        007 stays 007; where the model takes such a column too, the file is read twice.
        """
        if set(self.kept) & set(self._signature):
            return _aligned(self._sound(()), self._sound(self.kept))
        return ((table, table) for table in self._sound(self.kept))

    def _sound(self, strings):
        for table, _, malformed in self._reader.read_pieces(self._path, strings):
            self._check(malformed)
            yield table

    def _check(self, malformed):
        for row, reason in malformed.items():
            raise DataError(f"{self._path}, row {row}: {reason}")

    def _find_form(self, name, column):
        """Decides, where a column of strings is first met, how numbers in it are written."""
        if name in self._forms or not any(columns.is_string(c.type) for c in column.chunks):
            return
        mark = self._reader.decimal_of(name)
        values = columns.as_strings(column.chunks).values
        self._forms[name] = (mark and numbers.find_form(values, mark)) or None

    def _column(self, name, spec, column, row):
        chunks, form = column.chunks, self._forms.get(name)
        if form:
            chunks = columns.with_numbers(chunks, form.mark)
        if spec.dtype == tf.string:
            return np.asarray(columns.as_strings(chunks))
        values, bad = columns.as_numbers(chunks)
        if bad is not None and bad.any():
            index = int(np.argmax(bad))
            value = np.asarray(columns.as_strings(chunks))[index]
            where = f"{self._path}, row {row + index + 1}"
            raise DataError(f"{where}: {name!r} is {value!r}, not a number")
        return values.astype(spec.dtype.as_numpy_dtype)


def _aligned(tables, others):
    """Yields pairs of tables of the same rows from two iterators over all of them."""
    left = right = None
    while True:
        left = next(tables, None) if left is None else left
        right = next(others, None) if right is None else right
        if left is None or right is None:
            return
        count = min(left.num_rows, right.num_rows)
        yield left.slice(0, count), right.slice(0, count)
        left, right = (t.slice(count) if t.num_rows > count else None for t in (left, right))
