"""Objects that a `Config` is given in place of names: a DataFrame as data set, a built model.

A `Given` is the name that such an object has in messages, in flags.txt and in the name of a run's
folder, and carries the object to the room that opens or builds it. pandas and Polars are never
imported: their objects are recognised by the Arrow C stream protocol.
"""

import re
import sys
import types
from collections.abc import Mapping, Sized
from typing import Protocol, runtime_checkable

from tfapp.errors import UsageError
from tfapp.runtime import plain_text

_NAMELESS = re.compile(r"<.+>")
_DATASETS = (
    "a DataFrame, a dict of arrays, (x, y) arrays, a dict of these by split, what load_data() of "
    "Keras returns, or a function that returns such a dict"
)
_MODELS = "a keras.Model, or a class or function that makes one"


@runtime_checkable
class ArrowStream(Protocol):
    """What pandas, Polars, Arrow and other libraries of tables share: tables and columns."""

    def __arrow_c_stream__(self, requested_schema=None):
        """A PyCapsule of a stream of record batches, or of arrays."""


@runtime_checkable
class Shaped(Protocol):
    """Tables and arrays, with the sizes of their dimensions."""

    shape: tuple[int, ...]


class Given(str):
    """The name of an object, and the object."""

    def __new__(cls, text, kind, value):
        """
        Args:
          text: the name, one line.
          kind: the part of it that stays the same when the object's contents change.
          value: the object.
        """
        given = super().__new__(cls, text)
        given.kind, given.value = kind, value
        return given

    def __getnewargs__(self):
        return str(self), self.kind, self.value

    def __deepcopy__(self, memo):
        return self


def dataset(value):
    """`value` if it is a str, else its `Given`. Raises UsageError if it can be no data set."""
    if isinstance(value, str):
        return value
    value = by_split(value)
    if is_by_split(value):
        sizes = ", ".join(f"{name} {_size_of(part)}" for name, part in value.items())
        first = next(iter(value.values()))
        return _described(_kind_of(first), sizes, value)
    pair = isinstance(value, tuple) and len(value) == 2
    if is_table(value) or pair or (isinstance(value, Mapping) and value):
        return _described(_kind_of(value), _size_of(value), value)
    if callable(value):
        return _called(value)
    raise UsageError(f"--dataset={shown(value)}: must be of type str, or {_DATASETS}")


def model(value):
    """`value` if it is a str, else its `Given`. Raises UsageError if it can be no model."""
    if isinstance(value, str):
        return value
    if not callable(value):
        raise UsageError(f"--model={shown(value)}: must be of type str, or {_MODELS}")
    return _called(value)


def kind_of(name):
    """A name without what depends on an object's contents; other names as they are."""
    return name.kind if isinstance(name, Given) else name


def check_kept(name, flag):
    """Raises UsageError if `name` was read from a file, and is that of an object of Python's."""
    if not isinstance(name, Given) and _NAMELESS.fullmatch(name):
        raise UsageError(
            f"--{flag}={name}: is an object that was given to tfapp.Config, and no file holds it; "
            f"give it again from Python, or name another --{flag}"
        )


def is_table(value):
    """Whether `value` is a table of columns, such as a DataFrame: not a single column."""
    if isinstance(value, ArrowStream):
        return isinstance(value, Shaped) and len(value.shape) == 2
    pandas = sys.modules.get("pandas")  # before 2.2 its DataFrame had no Arrow stream
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_by_split(value):
    """Whether `value` is a dict of data sets, by split, rather than one of columns."""
    return isinstance(value, Mapping) and any(
        is_table(part) or isinstance(part, (Mapping, tuple)) for part in value.values()
    )


def by_split(value):
    """What Keras's load_data() returns, ((x, y), (x, y)), as a dict by split; all else as it is."""
    if isinstance(value, (tuple, list)) and len(value) == 2 and all(map(_is_pair, value)):
        return dict(zip(("train", "test"), map(tuple, value), strict=True))
    return value


def _is_pair(value):
    """Whether `value` is (x, y), arrays of as many examples."""
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return False
    sizes = {part.shape[:1] for part in value if isinstance(part, Shaped)}
    return len(sizes) == 1 and all(isinstance(part, Shaped) for part in value) and sizes != {()}


def shown(value):
    """`value` in a message: its repr, cut short."""
    text = " ".join(plain_text.of_value(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind_of(part):
    return "arrays" if isinstance(part, tuple) else type(part).__name__


def _size_of(part):
    """The sizes of an array or table, or of the x of (x, y), as text: "1,000 x 12"."""
    if isinstance(part, tuple) and part:
        return _size_of(part[0])
    if isinstance(part, Shaped):
        return " x ".join(f"{size:,}" for size in part.shape)
    if isinstance(part, Mapping):
        columns = list(part.values())
        sizes = columns[0].shape if columns and isinstance(columns[0], Shaped) else ()
        rows = sizes[0] if sizes else len(columns[0]) if isinstance(columns[0], Sized) else 0
        return f"{rows:,} x {len(columns)}"
    return f"{len(part):,}" if isinstance(part, Sized) else "0"


def _described(kind, sizes, value):
    return Given(f"<{kind} {sizes}>", f"<{kind}>", value)


def _called(value):
    """The `Given` of a class, a function, or an object such as a model."""
    if not isinstance(value, (type, types.FunctionType)):
        name = type(value).__name__
        return Given(f"<{name}>", f"<{name}>", value)
    path = f"{value.__module__}:{value.__qualname__}"
    module = sys.modules.get(value.__module__)
    found = module is not None and vars(module).get(value.__qualname__) is value
    if found and value.__module__ != "__main__":  # where another process can import it
        return Given(path, path, value)
    name = value.__name__.strip("<>")
    return Given(f"<{name}>", f"<{name}>", value)
