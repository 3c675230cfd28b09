"""Results about data files in the user's cache folder, keyed by the state of the files."""

import contextlib
import hashlib
import io

import numpy as np

from tfapp.runtime.atomic_files import write_bytes
from tfapp.runtime.tf_settings import cache_folder


def cache_file(room, key):
    """The path of the .npz for `key`, any value with a stable repr."""
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    return cache_folder() / room / f"{name}.npz"


def keep(path, **arrays):
    """Writes arrays. If the folder is not writable, the next run computes them again."""
    block = io.BytesIO()
    np.savez(block, **arrays)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, block.getvalue())


def look_up(path):
    """The arrays by name, or None if there are none or the file is damaged."""
    with contextlib.suppress(Exception), open(path, "rb") as file:  # np.load fails in many ways
        return dict(np.load(file, allow_pickle=False))
    return None
