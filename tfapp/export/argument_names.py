"""Argument names for features, whose own names may be any strings.

The signatures of a SavedModel, and of most runtimes, need arguments whose names are ASCII
identifiers and differ in more than case; TensorFlow silently renames others, or fails.
"""

import keyword
import re

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = "self"  # of the methods that take the arguments


def argument_names(names):
    """Returns name -> argument, in the order of `names`.

    An identifier keeps its name; any other name gets an argument derived from it. The result
    depends on `names` and their order only.
    """
    arguments, taken = {}, set()
    for name in sorted(names, key=lambda name: not _is_argument(name)):  # stable
        wanted = name if _is_argument(name) else _derived(name)
        argument, count = wanted, 0
        while argument.lower() in taken:
            count += 1
            argument = f"{wanted}_{count}"
        taken.add(argument.lower())
        arguments[name] = argument
    return {name: arguments[name] for name in names}


def _is_argument(name):
    known = _IDENTIFIER.fullmatch(name) is not None
    return known and not keyword.iskeyword(name) and name != _RESERVED


def _derived(name):
    plain = re.sub(r"[^A-Za-z0-9]", "_", name).strip("_")
    return plain if _is_argument(plain) else f"input_{plain}".rstrip("_")
