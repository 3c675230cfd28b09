"""Files of records that are damaged in the middle: what they still hold is kept, nothing is hidden.

A last record that a kill cut short is no damage: its step runs again and is recorded again.
"""

import itertools
import logging

from tfapp.errors import DataError
from tfapp.runtime.atomic_files import write_bytes
from tfapp.runtime.regular_files import open_regular

_LOG = logging.getLogger("tfapp")


def keep_aside(path, lost, *, name=None):
    """Copies a damaged file before it is rewritten, and warns.

    Args:
      path: of the file, `pathlib.Path`.
      lost: the beginning of a sentence, such as "3 damaged lines were".
      name: of the copy, to which a number is added; None: the file's own, and "damaged".
    """
    name = name or f"{path.name}.damaged"
    copies = (path.with_name(f"{name}-{number}") for number in itertools.count(1))
    copy = next(copy for copy in copies if not copy.exists())
    write_bytes(copy, path.read_bytes())
    _LOG.warning("%s: %s dropped; the file as it was is kept as %s", path, lost, copy.name)


def content(path):
    """The bytes of the file at `path`; None if there is none.

    Raises:
      DataError: it is a folder, a pipe or a device, or cannot be read.
    """
    try:
        with open_regular(path) as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; remove it, and a new one is written") from error


def lines(count):
    """Writes a number of lines, as in "2 damaged lines were"."""
    return "1 damaged line was" if count == 1 else f"{count:,} damaged lines were"
