"""What was found out about data files, kept in the user's cache folder, keyed by their state."""

import contextlib
import hashlib
import io

import numpy as np

from tfapp.runtime.atomic_files import write_bytes
from tfapp.runtime.tf_settings import cache_folder


def cache_file(room, key):
    """The .npz for `key`, any value with a repr."""
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    return cache_folder() / room / f"{name}.npz"


def keep(path, **arrays):
    """Writes arrays; a folder that cannot be written only costs the next run its time."""
    block = io.BytesIO()
    np.savez(block, **arrays)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, block.getvalue())


def look_up(path):
    """What was kept, name -> array, or None. A damaged file is none."""
    with contextlib.suppress(Exception), open(path, "rb") as file:  # np.load fails in many ways
        return dict(np.load(file, allow_pickle=False))
    return None
