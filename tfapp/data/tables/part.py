"""The files of one split as Arrow columns, and where each row comes from."""

import collections

import numpy as np

from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables import columns, numbers
from tfapp.data.tables.unpacked import check_unpacked
from tfapp.errors import DataError


class Part:
    """The columns of one split's files, concatenated."""

    def __init__(self, paths, reader):
        """
        Args:
          paths: of the files.
          reader: a `TableReader`.

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
            rows = np.arange(1, table.num_rows + len(malformed) + 1) if malformed else None
            self._rows.append(malformed and np.delete(rows, [row - 1 for row in malformed]))
            self._starts.append(self.num_rows)
            self.num_rows += table.num_rows
        if not self.num_rows:
            raise DataError(f"{paths[0]}: holds no rows")

    def strings(self, name):
        """The column as a `StringColumn`."""
        if name not in self._strings:
            self._strings[name] = columns.as_strings(self.columns[name])
        return self._strings[name]

    @property
    def file_sizes(self):
        """How many rows each file has."""
        return np.diff([*self._starts, self.num_rows]).tolist()

    def string_names(self):
        """(columns that hold strings, whether one of them holds other values in some file)."""
        kinds = {
            name: {columns.is_string(chunk.type) for chunk in chunks}
            for name, chunks in self.columns.items()
        }
        names = [name for name, found in kinds.items() if True in found]
        return names, any(False in kinds[name] for name in names)

    def find_forms(self, mark_of):
        """How the numbers in columns of strings are written.

        Args:
          mark_of: see `TableReader.decimal_of`.

        Returns:
          name -> `numbers.Form`, of the columns whose strings are numbers.
        """
        forms = {}
        for name in self.string_names()[0]:
            mark = mark_of(name)
            form = mark and numbers.find_form(self.strings(name).values, mark)
            forms |= {name: form} if form else {}
        return forms

    def read_numbers(self, forms):
        """Replaces the strings of these columns, name -> `numbers.Form`, by the numbers they are.

        Where a string is no number, the column stays one of strings, with all numbers plain.
        """
        for name, form in forms.items():
            if name in self.columns:
                self.columns[name] = columns.with_numbers(self.columns[name], form.mark)
                self._strings.pop(name, None)

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
        names = collections.Counter(table.column_names)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise DataError(f"{path}: has two columns called {twice!r}")
        for name in self.columns or names:
            if name not in names:
                raise DataError(f"{path}: has no column {name!r}, whereas {self.paths[0]} has")
            chunks = table[name].chunks or [table[name].combine_chunks()]
            self.columns.setdefault(name, []).extend(chunks)


def read_parts(files, reader):
    """Reads all splits as train is: what is a string or a number there is one everywhere.

    Args:
      files: split -> paths, see `find_files`.
      reader: a `TableReader`.

    Returns:
      split -> `Part`.

    Raises:
      DataError: see `Part`.
    """
    train = Part(files[TRAIN], reader)
    names, mixed = train.string_names()
    reader.keep_strings(names)
    if mixed:
        train = Part(files[TRAIN], reader)
    parts = {name: train if name == TRAIN else Part(files[name], reader) for name in files}
    forms = train.find_forms(reader.decimal_of)
    for part in parts.values():
        others = {n: numbers.Form(reader.decimal_of(n)) for n in part.string_names()[0]}
        part.read_numbers({name: f for name, f in others.items() if name not in names} | forms)
    reader.decided(list(train.columns), forms)
    return parts


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
