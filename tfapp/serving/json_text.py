"""JSON of requests and responses: orjson, which reads and writes arrays of numbers at once."""

import numpy as np
import orjson

from tfapp.data.tables import json_lines
from tfapp.serving.errors import bad

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_NUMBERS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_PLAIN = frozenset(map(np.dtype, _NUMBERS))  # what orjson writes
_SHOWN = 60  # characters of a value in a message


def loads(body):
    """The value of a body, bytes. Raises RequestError.

    NaN and Infinity are taken as well, as TensorFlow Serving and Python write them.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise bad(f"the body is not JSON: {error}") from error
    try:
        return json_lines.parse(body)
    except ValueError as error:
        raise bad(f"the body {error}") from error


def dumps(value):
    """`value` as bytes; NaN and infinite numbers are null. NumPy arrays may be anywhere in it."""
    return orjson.dumps(value, default=_other, option=_OPTIONS)


def plain(array):
    """An array [n, ...] as a list of n values that `dumps` takes."""
    if array.dtype == object:
        return _texts(array.tolist())
    if array.dtype not in _PLAIN:  # bfloat16, float8
        array = array.astype(np.float32)
    return list(np.ascontiguousarray(array))


def shown(value):
    """A JSON value as messages show it."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # beyond 64 bits, or nested too deep
        text = f"a {type(value).__name__}" if isinstance(value, (list, dict)) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _texts(value):
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _other(value):
    """Arrays that are not contiguous, and scalars that orjson does not know."""
    if isinstance(value, np.ndarray):
        return plain(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(type(value).__name__)
