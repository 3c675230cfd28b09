"""One line of JSON as a Python value, or the reason in a few words why it cannot be used."""

import json

DEEPEST = 64  # levels of lists and objects; a native parser fails on some thousands, and ends us


def parse(line):
    """The value of `line`, bytes or str. Raises ValueError, whose message is the reason."""
    try:
        value = json.loads(line, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError("is not JSON") from error
    except _Twice as error:
        raise ValueError(f"holds the field {str(error)!r} twice") from error
    except ValueError as error:  # Python's limit of digits
        raise ValueError("holds a number of too many digits") from error
    _check(value)
    return value


_TOO_DEEP = f"is nested more than {DEEPEST} levels deep"


class _Twice(ValueError):
    """A name occurs twice in an object."""


def _object(pairs):
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return value


def _check(value):
    """Raises ValueError for nesting that is too deep, and for text that is no Unicode."""
    level, depth = [[value]], -1  # the lists and objects of one depth
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(_TOO_DEEP)
        level = [part for group in level for part in _inner(group)]


def _inner(group):
    """Yields the lists and objects in a list or object, whose text is checked."""
    if isinstance(group, dict):
        for name in group:
            _check_text(name)
        group = group.values()
    for part in group:
        if isinstance(part, str):
            _check_text(part)
        elif isinstance(part, (list, dict)):
            yield part


def _check_text(text):
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half of a surrogate pair, which is no text") from error
