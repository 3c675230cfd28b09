"""What a JSON value must look like: the schema of a file that tfapp reads back.

A shape is one of
  int, float, str, bool   a value of that type; float takes an int too, int no bool
  None                    null
  ANY                     any value
  frozenset of values     one of them
  NUMBERS                 a number, or a list of NUMBERS
  [shape]                 a list whose items all have the shape
  {name: shape, ...}      an object with at least these names; those of `Maybe` may be missing
  Each(shape)             an object with any names, whose values have the shape
  (shape, ...)            any of these
"""

import dataclasses

_LARGEST = 2**63  # beyond which no integer that tfapp writes lies
_WORDS = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


@dataclasses.dataclass(frozen=True)
class Maybe:
    """The shape of an entry that may be missing."""

    shape: "Shape"


@dataclasses.dataclass(frozen=True)
class Each:
    """The shape of every value of an object."""

    shape: "Shape"


class ANY:
    """The shape of every value."""


class NUMBERS:
    """The shape of a number, or of an array of numbers as nested lists."""


Shape = type | list | dict | tuple | frozenset | Maybe | Each | None


def check(value, shape, where="its value"):
    """Raises ValueError, which begins with `where` and names the part, if the shape is another."""
    if isinstance(shape, tuple):
        _check_any(value, shape, where)
    elif isinstance(shape, list):
        _need(isinstance(value, list), value, "a list", where)
        for i, item in enumerate(value):
            check(item, shape[0], f"{where}, item {i}")
    elif isinstance(shape, Each):
        _need(isinstance(value, dict), value, "an object", where)
        for name, part in value.items():
            check(part, shape.shape, f"{where}, {name!r}")
    elif isinstance(shape, dict):
        _check_entries(value, shape, where)
    elif isinstance(shape, frozenset):
        known = isinstance(value, str) and value in shape
        _need(known, value, f"one of {', '.join(sorted(shape))}", where)
    elif shape is NUMBERS:
        check(value, [NUMBERS] if isinstance(value, list) else float, where)
    elif shape is None:
        _need(value is None, value, "null", where)
    elif shape is not ANY:
        _need(_is(value, shape), value, _WORDS[shape], where)


def _check_any(value, shapes, where):
    errors = []
    for shape in shapes:
        try:
            check(value, shape, where)
        except ValueError as error:
            errors.append(error)
        else:
            return
    raise errors[0]


def _check_entries(value, shapes, where):
    _need(isinstance(value, dict), value, "an object", where)
    for name, shape in shapes.items():
        if name in value:
            shape = shape.shape if isinstance(shape, Maybe) else shape
            check(value[name], shape, f"{where}, {name!r}")
        elif not isinstance(shape, Maybe):
            raise ValueError(f"{where} has no {name!r}")


def _is(value, kind):
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int) and kind in (int, float):
        return -_LARGEST <= value < _LARGEST
    return isinstance(value, kind)


def _need(right, value, wanted, where):
    if not right:
        raise ValueError(f"{where} is {str(value)[:40]!r}, not {wanted}")
