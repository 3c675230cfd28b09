"""A file of one JSON object a line -> an Arrow table."""

import numpy as np
import pyarrow as pa
import pyarrow.json

from tfapp.data.tables import json_lines
from tfapp.data.tables.reader import TableReader
from tfapp.errors import DataError
from tfapp.runtime.regular_files import open_regular

ENDINGS = (".jsonl", ".ndjson", ".json")
_BLOCK = 4 << 20  # bytes whose nesting is looked at together
_OPEN, _CLOSE, _NEWLINE = 0x7B, 0x7D, 0x0A
_CASE = 0x20  # makes [ and ] of ASCII { and }
_LARGEST = 2**63


def read(path):
    """Reads the file at `path`.

    Returns:
      (table, malformed): see `read_csv.read`; a row is a line, blank ones not counted.

    Raises:
      DataError: it cannot be read.
    """
    if not _may_be_nested_deep(path):
        try:
            table = pa.json.read_json(path)
            table.validate(full=True)  # Arrow lets strings through that are not UTF-8
            table.column_names  # noqa: B018 (nor need names be UTF-8)
            return table, {}
        except (pa.ArrowException, UnicodeDecodeError):
            pass  # the line that is wrong is found below
    return _read_by_line(path)


def _may_be_nested_deep(path):
    """Whether some line may be nested deeper than `DEEPEST`: Arrow's parser ends the process then.

    Brackets in strings are counted as well, which only costs time.
    """
    with open_regular(path) as file:
        left = b""
        while block := file.read(_BLOCK):
            lines, newline, left = (left + block).rpartition(b"\n")
            if _depth(np.frombuffer(lines + newline or left, np.uint8)) > json_lines.DEEPEST:
                return True
        return _depth(np.frombuffer(left, np.uint8)) > json_lines.DEEPEST


def _depth(data):
    """The largest depth that brackets reach within a line of `data`, uint8 [n]; 0 if it is low."""
    folded = data | _CASE
    opening = np.flatnonzero(folded == _OPEN)
    lines = np.flatnonzero(data == _NEWLINE)
    some = np.searchsorted(lines, opening[:: json_lines.DEEPEST])
    if (np.diff(some) > 0).all():
        return 0  # no line has more than twice as many brackets, as is usual
    closing = np.flatnonzero(folded == _CLOSE)

    def depth_at(places):
        return np.searchsorted(opening, places, "right") - np.searchsorted(closing, places, "right")

    begins = np.concatenate([[0], depth_at(lines)])  # depth that earlier lines have left over
    return int((depth_at(opening) - begins[np.searchsorted(lines, opening)]).max())


def _read_by_line(path):
    rows, malformed, kinds = [], {}, {}
    with open_regular(path) as file:
        lines = (line for line in file if line.strip())
        for number, line in enumerate(lines, 1):
            try:
                value = json_lines.parse(line)
                _check(value, kinds)
            except ValueError as error:
                malformed[number] = str(error)
            else:
                rows.append(value)
    if not rows:
        why = f" (row 1 {malformed[1]})" if malformed else ""
        raise DataError(f"{path}: holds no JSON objects{why}")
    columns = {name: _column([row.get(name) for row in rows], kinds.get(name)) for name in kinds}
    return pa.table(columns), malformed


def _check(value, kinds):
    """Raises ValueError unless `value` is an object whose fields have the kinds of earlier rows."""
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    found = {name: _kind(name, field) for name, field in value.items()}
    for name, kind in found.items():
        known = kinds.get(name) or kind
        if kind and known != kind:
            raise ValueError(f"field {name!r} is a {kind}, in rows before it a {known}")
    kinds.update({name: kinds.get(name) or kind for name, kind in found.items()})


def _kind(name, field):
    """What messages call the kind of a field's value; None for null."""
    if isinstance(field, bool):
        return "boolean"
    if isinstance(field, int):
        try:
            float(field)
        except OverflowError as error:
            raise ValueError(f"field {name!r} is a number of {len(str(field))} digits") from error
    return None if field is None else _KINDS[type(field)]


_KINDS = {int: "number", float: "number", str: "str", list: "list", dict: "dict"}


def _column(values, kind):
    """An Arrow array of values of one kind, some of which may be None."""
    if kind == "number" and not all(_is_int64(value) for value in values):
        values = [value if value is None else float(value) for value in values]
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        # Lists and objects of varying types; no such column is learnt from, whatever its type.
        return pa.nulls(len(values), pa.list_(pa.null()))


def _is_int64(value):
    return value is None or (isinstance(value, int) and -_LARGEST <= value < _LARGEST)


class JsonlReader(TableReader):
    """Reads files with `read`."""

    ENDINGS = ENDINGS

    def read(self, path):
        """See `TableReader`."""
        return read(path)
