"""A file of one JSON object a line -> an Arrow table."""

import json

import pyarrow as pa
import pyarrow.json

from tfapp.data.tables.reader import TableReader
from tfapp.errors import DataError

ENDINGS = (".jsonl", ".ndjson", ".json")


def read(path):
    """Reads the file at `path`.

    Returns:
      (table, malformed): see `read_csv.read`; a row is a line, blank ones not counted.

    Raises:
      DataError: it cannot be read.
    """
    try:
        return pa.json.read_json(path), {}
    except pa.ArrowInvalid:
        return _read_by_line(path)  # finds the line that is wrong


def _read_by_line(path):
    rows, malformed, kinds = [], {}, {}
    with open(path, "rb") as file:
        lines = [line for line in file if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            _check(value, kinds)
        except ValueError as error:
            malformed[number] = str(error) if type(error) is ValueError else "is not JSON"
        else:
            rows.append(value)
    if not rows:
        raise DataError(f"{path}: holds no JSON objects")
    try:
        return pa.Table.from_pylist(rows), malformed
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"{path}: {str(error).splitlines()[0][:160]}") from error


def _check(value, kinds):
    """Raises ValueError unless `value` is an object whose fields have the kinds of earlier rows."""
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    for name, field in value.items():
        kind = "number" if isinstance(field, (int, float)) else type(field).__name__
        known = kinds.setdefault(name, kind) if field is not None else kind
        if known != kind:
            raise ValueError(f"field {name!r} is a {kind}, in rows before it a {known}")


class JsonlReader(TableReader):
    """Reads files with `read`."""

    ENDINGS = ENDINGS

    def read(self, path):
        """See `TableReader`."""
        return read(path)
