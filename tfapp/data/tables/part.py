"""The files of one split as Arrow columns, and where each row comes from."""

import numpy as np

from tfapp.data.tables import columns
from tfapp.data.tables.unpacked import check_unpacked
from tfapp.errors import DataError


class Part:
    """The columns of one split's files, concatenated."""

    def __init__(self, paths, reader):
        """
        Args:
          paths: of the files.
          reader: module with read(path), such as `read_csv`.

        Raises:
          DataError: a file cannot be read or has other columns, or there are no rows.
        """
        self.columns, self.paths, self.num_rows = {}, paths, 0
        self.malformed = {}  # name of a row that could not be read -> reason
        self._rows, self._starts, self._strings = [], [], {}
        for path in paths:
            table, malformed = _read(reader, path)
            self._add(path, table)
            self.malformed.update({_name(path, row): why for row, why in malformed.items()})
            numbers = np.arange(1, table.num_rows + len(malformed) + 1) if malformed else None
            self._rows.append(malformed and np.delete(numbers, [row - 1 for row in malformed]))
            self._starts.append(self.num_rows)
            self.num_rows += table.num_rows
        if not self.num_rows:
            raise DataError(f"{paths[0]}: holds no rows")

    def strings(self, name):
        """The column as a `StringColumn`."""
        if name not in self._strings:
            self._strings[name] = columns.as_strings(self.columns[name])
        return self._strings[name]

    def release(self):
        """Frees the columns; `name_of` still works."""
        self.columns.clear()
        self._strings.clear()

    def name_of(self, index):
        """What messages call row `index`: its file, and its number there from 1."""
        file = int(np.searchsorted(self._starts, index, "right")) - 1
        position, rows = int(index) - self._starts[file], self._rows[file]
        return _name(self.paths[file], rows[position] if len(rows) else position + 1)

    def _add(self, path, table):
        names = table.column_names
        twice = [n for n in names if names.count(n) > 1]
        if twice:
            raise DataError(f"{path}: has two columns called {twice[0]!r}")
        for name in self.columns or names:
            if name not in names:
                raise DataError(f"{path}: has no column {name!r}, whereas {self.paths[0]} has")
            chunks = table[name].chunks or [table[name].combine_chunks()]
            self.columns.setdefault(name, []).extend(chunks)


def _name(path, row):
    return f"{path}, row {row}"


def _read(reader, path):
    try:
        check_unpacked(path)
        return reader.read(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except UnicodeEncodeError as error:
        raise DataError(f"{path}: the file's name is not UTF-8; rename it") from error
