"""Atomic writes: a file appears whole or not at all."""

import contextlib
import os
import pathlib
import re
import secrets

_UNFINISHED = re.compile(r"\..+\.\d+\.tmp")


def write_text(path, text):
    """Replaces the file at `path` with `text`, as UTF-8."""
    write_bytes(path, text.encode())


def write_bytes(path, data):
    """Replaces the file at `path` with `data`, by writing another file, syncing and renaming it."""
    _write(pathlib.Path(path), lambda file: file.write(data), os.replace)


def write_new(path, data):
    """Like `write_bytes`, where there is no file. Raises FileExistsError if there is one."""
    _write(pathlib.Path(path), lambda file: file.write(data), rename_to_new)


def write_new_by(path, write):
    """Like `write_new`, with what write(file) writes into a file that is open for bytes."""
    _write(pathlib.Path(path), write, rename_to_new)


def rename_to_new(aside, path):
    """Gives a file another name, where there is none. Raises FileExistsError if there is one.

    The old name may stay as well.
    """
    try:
        os.link(aside, path)  # a rename would replace what is there
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        with open(path, "xb"):
            os.replace(aside, path)


def _write(path, write, rename):
    # Processes in different containers may have the same number.
    number = f"{os.getpid()}{secrets.randbelow(10**9):09d}"
    aside = path.with_name(f".{path.name}.{number}.tmp")
    try:
        with open(aside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        rename(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
    sync_folder(path.parent)


def is_unfinished(name):
    """Whether a file's name is that of a write that was killed before its end."""
    return _UNFINISHED.fullmatch(name) is not None


def close_durably(file):
    """Closes a file that was written to, once what it holds is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.close()


def sync_folder(folder):
    """Makes renames inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
