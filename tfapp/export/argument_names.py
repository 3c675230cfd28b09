"""Names of features, which may be anything, as names of arguments, which may not.

Functions of a SavedModel, and of most runtimes, take arguments whose names are ASCII identifiers
and differ in more than case; TensorFlow renames others without notice or fails.
"""

import keyword
import re

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = "self"  # by the functions that take the arguments


def argument_names(names):
    """Returns name -> argument, in the order of `names`.

    An identifier keeps its own name; anything else gets one that is made from it. The result
    depends on `names` and their order only.
    """
    arguments, taken = {}, set()
    for name in sorted(names, key=lambda name: not _is_argument(name)):  # stable
        wanted = name if _is_argument(name) else _made_from(name)
        argument, count = wanted, 0
        while argument.lower() in taken:
            count += 1
            argument = f"{wanted}_{count}"
        taken.add(argument.lower())
        arguments[name] = argument
    return {name: arguments[name] for name in names}


def _is_argument(name):
    known = _IDENTIFIER.fullmatch(name) is not None
    return known and not keyword.iskeyword(name) and name != _TAKEN


def _made_from(name):
    plain = re.sub(r"[^A-Za-z0-9]", "_", name).strip("_")
    return plain if _is_argument(plain) else f"input_{plain}".rstrip("_")
