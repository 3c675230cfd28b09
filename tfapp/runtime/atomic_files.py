"""Atomic writes: a file appears whole or not at all."""

import contextlib
import os
import pathlib


def write_text(path, text):
    """Replaces the file at `path` with `text`, as UTF-8."""
    write_bytes(path, text.encode())


def write_bytes(path, data):
    """Replaces the file at `path` with `data`, by writing another file, syncing and renaming it."""
    path = pathlib.Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
    sync_folder(path.parent)


def sync_folder(folder):
    """Makes renames inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
