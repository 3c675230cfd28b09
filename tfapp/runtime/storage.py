"""What goes wrong where something is written, in words: full disks, quotas, permissions."""

import contextlib
import errno
import os
import pathlib
import shutil

from tfapp.errors import StorageError, TfappError

_WORDS = {
    errno.ENOSPC: "the disk is full: No space left on device",
    errno.EDQUOT: "the quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "cannot be written (permission denied)",
    errno.EPERM: "cannot be written (operation not permitted)",
    errno.EIO: "the disk does not answer (input/output error)",
    errno.EFBIG: "the file system takes no file of this size",
    errno.ENAMETOOLONG: "the name is too long for the file system",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
# TensorFlow and others pass on the text alone; only these texts mean nothing else.
_TEXTS = {os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}
_TEXTS["No usable temporary directory"] = errno.ENOSPC  # tempfile, which tries to write
_FULL = (errno.ENOSPC, errno.EDQUOT)


def number_of(error):
    """The errno of a disk that cannot be written, behind `error` or what caused it; else None."""
    return _found(error)[0]


def _found(error):
    """(errno, the path that the system named or None), or (None, None)."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _WORDS:
            return error.errno, error.filename
        for text, number in _TEXTS.items():
            if text in str(error):
                return number, None
        error = error.__cause__ or error.__context__
    return None, None


def describe(error, path):
    """What is wrong with the disk of `path`, a phrase; "" if `error` says nothing about disks."""
    number = number_of(error)
    if number is None:
        return ""
    return _WORDS[number] + (free_space(path) if number in _FULL else "")


def error_of(error):
    """The `StorageError` for an OSError that nobody turned into one; None if it is of no disk."""
    words = describe(error, error.filename or ".")
    return StorageError(f"{error.filename or 'disk'}: {words}") if words else None


def free_space(path):
    """How much is free where `path` lies, such as " (12 MB of 50.0 GB are free)"."""
    path = pathlib.Path(path).absolute()
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            usage = shutil.disk_usage(folder)
            return f" ({in_words(usage.free)} of {in_words(usage.total)} are free)"
    return ""


def in_words(size):
    """A number of bytes, such as "12 MB"."""
    for unit, bytes_of_unit in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_of_unit:
            return f"{size / bytes_of_unit:.3g} {unit}"
    return f"{size} bytes"


@contextlib.contextmanager
def writing(path, flag="", remedy=""):
    """A block that writes below `path`: a disk that cannot be written is a StorageError.

    Args:
      flag: that names the path, such as "data_dir"; empty: none.
      remedy: the end of the message; empty: none.
    """
    try:
        yield
    except TfappError:
        raise
    except Exception as error:  # libraries wrap the system's error in many ways
        words = describe(error, path)
        if not words:
            raise
        name = f"--{flag}={path}" if flag else _found(error)[1] or path
        raise StorageError(f"{name}: {words}{'; ' if remedy else ''}{remedy}") from error
