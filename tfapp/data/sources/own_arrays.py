"""What a user's data function gives, as arrays: iterators are read, ragged examples are refused."""

from collections.abc import Iterator, Mapping

import numpy as np

from tfapp.errors import DataError
from tfapp.users_code import users_code


def collect(where, part):
    """A split that is an iterator of examples as one of lists; any other is returned as it is.

    Args:
      where: the beginning of a message, which names the split.
      part: an iterator of (features, label) or of dicts by name, or something else.

    Raises:
      DataError: the iterator raises, or its examples are not all of one form.
    """
    if not isinstance(part, Iterator):
        return part
    rows = _read(where, part)
    if rows and all(isinstance(row, (tuple, list)) and len(row) == 2 for row in rows):
        return tuple(list(column) for column in zip(*rows, strict=True))
    if rows and all(isinstance(row, Mapping) and row.keys() == rows[0].keys() for row in rows):
        return {key: [row[key] for row in rows] for key in rows[0]}
    raise DataError(
        f"{where}: gives {len(rows)} examples, which are not all (x, y) or dicts of the same names"
    )


def to_array(where, value):
    """A NumPy array [num_examples, ...].

    Args:
      where: the beginning of a message, which names split and array.
      value: an array, a list, an iterator of examples, or what NumPy can convert.

    Raises:
      DataError: its examples differ in shape, or it is no array.
    """
    value = _read(where, value) if isinstance(value, Iterator) else value
    with users_code(where, DataError):
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise DataError(f"{where}: {_ragged(value) or error}") from error
    if not array.ndim:
        raise DataError(f"{where} is a {type(value).__name__}; an array of examples is needed")
    if array.dtype == object and _ragged(array):
        raise DataError(f"{where}: {_ragged(array)}")
    return array


def _read(where, iterator):
    rows = []
    while True:
        with users_code(f"{where}: example {len(rows)}", DataError):
            try:
                rows.append(next(iterator))
            except StopIteration:
                return rows


def _ragged(rows):
    """Which example has another shape than the first one; "" if none has."""
    first = None
    for number, row in enumerate(rows):
        try:
            shape = np.shape(row)
        except ValueError:
            return f"example {number} is ragged; pad or crop it to one shape"
        first = shape if number == 0 else first
        if shape != first:
            return (
                f"examples differ in shape: example 0 has {first}, example {number} {shape}; pad "
                "or crop them to one shape"
            )
    return ""
