"""Results about data files in the user's cache folder, keyed by the state of the files.

A file of the cache is a SHA-256 and the .npz that it is of: anything else counts as not there.
"""

import contextlib
import hashlib
import io
import logging

import numpy as np

from tfapp.runtime.atomic_files import write_bytes
from tfapp.runtime.npz_files import BadArchive, read_arrays
from tfapp.runtime.regular_files import open_regular
from tfapp.runtime.tf_settings import cache_folder

_LOG = logging.getLogger("tfapp")
_DIGEST = hashlib.sha256().digest_size


def cache_file(room, key):
    """The path of the file for `key`, any value with a stable repr."""
    name = hashlib.sha256(repr(key).encode(errors="surrogatepass")).hexdigest()[:24]
    return cache_folder() / room / f"{name}.arrays"


def keep(path, **arrays):
    """Writes arrays. If the folder is not writable, the next run computes them again."""
    block = io.BytesIO()
    np.savez(block, **arrays)
    data = block.getvalue()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, hashlib.sha256(data).digest() + data)


def look_up(path, names):
    """The arrays called `names`, by name; None if they are not there or the file is damaged."""
    try:
        with open_regular(path) as file:
            digest, data = file.read(_DIGEST), file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        _LOG.info("cache: %s: %s; done again", path, error.strerror)
        return None
    if digest == hashlib.sha256(data).digest():
        with contextlib.suppress(BadArchive, OSError):
            arrays = read_arrays(io.BytesIO(data))
            if arrays.keys() >= set(names):
                return arrays
    _LOG.info("cache: %s is damaged; done again", path)
    return None
