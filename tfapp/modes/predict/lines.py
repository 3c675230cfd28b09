"""Files of lines: JSON objects, or texts."""

import io

import numpy as np
import tensorflow as tf

from tfapp.data.tables import json_lines
from tfapp.errors import DataError
from tfapp.modes.predict import arrays, kept, tables
from tfapp.modes.predict.stream import InputStream, Piece
from tfapp.runtime.regular_files import open_regular

_ROWS, _CHARACTERS = 1024, 4 << 20  # of a piece, at most


def read_lines(path):
    """Yields (number from 1, line without its end).

    Raises:
      DataError: the file cannot be read, or is not UTF-8.
    """
    try:
        # Any kind of line end.
        with open_regular(path) as file, io.TextIOWrapper(file, "utf-8") as text:
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"--input={path}: is not UTF-8 text") from error
    except IsADirectoryError as error:
        raise DataError(f"--input={path}: is a folder") from error
    except OSError as error:
        raise DataError(f"--input={path}: {error.strerror}") from error


def _grouped(lines):
    """Yields lists of lines that are small enough for one piece."""
    group, size = [], 0
    for number, line in lines:
        group.append((number, line))
        size += len(line)
        if len(group) == _ROWS or size >= _CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


class TextStream(InputStream):
    """A text, one example a line; blank lines are examples too."""

    def __init__(self, path, signature):
        """Raises DataError: the text is empty, or cannot be read."""
        self._path, (self._name,) = path, signature
        self.files = [path]
        if next(read_lines(path), None) is None:
            raise DataError(f"--input={path}: is empty")

    def pieces(self, start):
        """See `InputStream`."""
        lines = ((n, line) for n, line in read_lines(self._path) if n > start)
        for group in _grouped(lines):
            texts = np.array([line for _, line in group], object)
            yield Piece([str(n) for n, _ in group], {self._name: texts}, {})


class JsonStream(InputStream):
    """One JSON object a line, without the blank ones. The first piece has every column."""

    def __init__(self, path, signature, keep):
        """Raises UsageError or DataError: see `open_input`."""
        self._path, self._signature, self.files = path, signature, [path]
        rows = self._parsed(next(_grouped(self._lines()), []))
        if not rows:
            raise DataError(f"--input={path}: is empty")
        columns = dict.fromkeys(name for row in rows.values() for name in row)
        self.kept = tuple(kept.choose(keep, list(columns), signature, path))

    def pieces(self, start):
        """See `InputStream`."""
        lines = (line for i, line in enumerate(self._lines()) if i >= start)
        for group in _grouped(lines):
            rows = self._parsed(group)
            features = {name: self._column(rows, name, s) for name, s in self._signature.items()}
            copied = {name: [row.get(name) for row in rows.values()] for name in self.kept}
            yield Piece([str(number) for number, _ in group], features, copied)

    def _lines(self):
        return ((number, line) for number, line in read_lines(self._path) if line.strip())

    def _parsed(self, group):
        """Location of a line, as messages name it -> its object."""
        rows = {}
        for number, line in group:
            where = f"{self._path}, line {number}"
            try:
                row = json_lines.parse(line)
            except ValueError as error:
                raise DataError(f"{where}: {error}") from error
            missing = (n for n in self._signature if not isinstance(row, dict) or n not in row)
            for name in missing:
                raise DataError(f'{where}: has no "{name}"')
            rows[where] = row
        return rows

    def _column(self, rows, name, spec):
        values = {f"{where}, {name}": row[name] for where, row in rows.items()}
        if tables.is_scalar(spec):
            return _scalars(values, spec)
        return np.stack([_one(where, value, spec) for where, value in values.items()])


def _one(where, value, spec):
    try:
        array = np.asarray(value)[None]
    except ValueError as error:
        raise DataError(f"{where}: is ragged") from error
    return arrays.as_feature(where, array, spec)[0]


def _scalars(values, spec):
    """One field of JSON objects as an array [n] for `spec`, a tf.TensorSpec [None].

    Args:
      values: location of the field, as messages name it -> string, number, boolean, or None if it
        is missing.
      spec: tf.TensorSpec of the model's input.
    """
    if spec.dtype == tf.string:
        return np.array([_text(where, value) for where, value in values.items()], object)
    for where, value in values.items():
        if value is not None and not isinstance(value, (bool, int, float)):
            raise DataError(f"{where}: {value!r} is not a number")
    numbers = {where: _float(where, value) for where, value in values.items()}
    return np.array(list(numbers.values())).astype(spec.dtype.as_numpy_dtype)


def _float(where, value):
    try:
        return np.nan if value is None else float(value)
    except OverflowError as error:
        raise DataError(f"{where}: a number of {len(str(value))} digits is too large") from error


def _text(where, value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise DataError(f"{where}: {type(value).__name__} where a string is needed")
