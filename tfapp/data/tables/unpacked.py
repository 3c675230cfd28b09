"""Whether a compressed table unpacks to an amount that a table of its size can have."""

import os

import pyarrow as pa

from tfapp.errors import DataError
from tfapp.runtime.unpacking import SMALL, Bomb, Bound

_ENDINGS = (".gz", ".bz2", ".br", ".lz4", ".zst")  # of what Arrow unpacks
_CHUNK = 1 << 20  # bytes at a time
_MOST_OF_GZIP = 1032  # times its size, to which a .gz can unpack; other forms have no such limit


def check_unpacked(path):
    """Reads a compressed file through, if that can be too much to hold. Raises DataError."""
    if not str(path).endswith(_ENDINGS):
        return
    size = os.path.getsize(path)
    if str(path).endswith(".gz") and size * _MOST_OF_GZIP < SMALL:
        return
    bound = Bound(size)
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            while data := stream.read(_CHUNK):
                bound.add(len(data))
    except Bomb as error:
        raise DataError(f"{path}: {error}") from error
