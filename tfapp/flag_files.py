"""`--flagfile=FILE`: its place on a command line is taken by the flags in the file, one a line.

Empty lines, and those that begin with # or //, are comments. A file may include others, by paths
relative to the working directory.
"""

import os

from tfapp.errors import UsageError

_NAMES = ("--flagfile", "-flagfile")


def expanded(arguments, upgraded, *, inside=()):
    """`arguments` with the flags of its files in their places.

    Args:
      arguments: a command line without the program's name, or the lines of a file.
      upgraded: called with the path and the text of each file; the arguments that take its place
        as they are, or None: the lines of the text do.
      inside: the files whose lines these are, the outermost first.

    Raises:
      UsageError: a file cannot be read, includes itself, or has a line that is no flag.
    """
    left, result = list(arguments), []
    while left:
        argument = left.pop(0)
        name, equals, path = argument.partition("=")
        if name not in _NAMES:
            result.append(argument)
            if argument == "--":
                return result + left
            continue
        if not equals:
            path = left.pop(0) if left else ""
        result += _flags_in(path.strip(), upgraded, inside)
    return result


def _flags_in(path, upgraded, inside):
    if not path:
        raise UsageError("--flagfile: names no file; write --flagfile=FILE")
    file = os.path.realpath(os.path.expanduser(path))
    if file in inside:
        raise UsageError(f"--flagfile={path}: includes itself; leave out one of these lines")
    text = _read(path)
    arguments = upgraded(os.path.expanduser(path), text)
    if arguments is not None:
        return arguments
    return expanded(_lines(path, text), upgraded, inside=(*inside, file))


def _read(path):
    try:
        with open(os.path.expanduser(path), encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"--flagfile={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"--flagfile={path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"--flagfile={path}: {error}") from error


def _lines(path, text):
    """The lines that are flags, or the value of the flag on the line before."""
    lines, expects_value = [], False
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith(("#", "//")):
            continue
        is_flag = line.startswith("-")
        if not (is_flag or expects_value) or (is_flag and " " in line.partition("=")[0]):
            raise UsageError(
                f"--flagfile={path}: line {number}: {line!r} is not a flag; write --name=value"
            )
        expects_value = is_flag and "=" not in line
        lines.append(line)
    return lines
