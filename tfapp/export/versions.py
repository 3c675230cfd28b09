"""Versions of an exported model: subfolders 1, 2, ..., each of which appears whole or not at all.

A version is written under a temporary name, synced and renamed, so that a server that polls the
folder, such as TensorFlow Serving, never loads half of it. It serves the highest number.
"""

import os
import pathlib
import shutil

from tfapp.flag_values import number_of_name
from tfapp.runtime.atomic_files import sync_folder


def versions(folder):
    """Numbers of the finished versions below `folder`, ascending; none if it does not exist."""
    folder = pathlib.Path(folder)
    found = folder.iterdir() if folder.is_dir() else ()
    numbers = (number_of_name(path.name) for path in found)
    return sorted(number for number in numbers if number is not None)


def latest(folder):
    """The path of the newest version below `folder`, or None if there is none."""
    numbers = versions(folder)
    return pathlib.Path(folder) / str(numbers[-1]) if numbers else None


def add_version(folder, make, *, keep=0):
    """Adds the next version below `folder`.

    Args:
      folder: is created if it does not exist.
      make: make(path) fills the empty folder at `path`; if it raises, no version is added.
      keep: how many of the newest versions stay, this one included; 0: all.

    Returns:
      the path of the new version.
    """
    folder = pathlib.Path(folder)
    number = max(versions(folder), default=0) + 1
    unfinished = folder / f".unfinished-{number}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        make(unfinished)
        _sync_tree(unfinished)
        os.rename(unfinished, folder / str(number))
        sync_folder(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    for old in versions(folder)[:-keep] if keep else ():
        shutil.rmtree(folder / str(old), ignore_errors=True)
    return folder / str(number)


def _sync_tree(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                os.fsync(file.fileno())
        sync_folder(root)
