"""What decides on the rows of --output, as hashes: the input, the exported model, and flags."""

import hashlib
import os
import pathlib

from tfapp.errors import DataError

_BLOCK = 1 << 20


def of_files(path, files):
    """A hash of the names, sizes and times of change of the files of --input."""
    found = hashlib.sha256(os.fsencode(str(path)))
    for file in files:
        try:
            about = os.stat(file)
            state = f"{about.st_size} {about.st_mtime_ns}"
        except OSError:  # named when it is its turn
            state = "missing"
        found.update(os.fsencode(str(file)) + f"\0{state}\0".encode())
    return found.hexdigest()


def of_model(path):
    """A hash of the number of an exported version and of all it holds. Raises DataError."""
    path = pathlib.Path(path)
    found = hashlib.sha256(path.name.encode())
    try:
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            found.update(f"\0{file.relative_to(path)}\0".encode())
            with open(file, "rb") as opened:
                while block := opened.read(_BLOCK):
                    found.update(block)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error
    return found.hexdigest()


def of_flags(**values):
    """A hash of flags, by name."""
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
