"""Compressed TFRecord files, decompressed once into files whose records can be read in any order.

The copies are in the user's cache folder, next to the indices that are made of them.
"""

import hashlib
import logging
import os
import pathlib
import zlib

from tfapp.errors import DataError
from tfapp.runtime.tf_settings import cache_folder

_LOG = logging.getLogger("tfapp")
_CHUNK = 1 << 20  # bytes at a time
_ANY_HEADER = 32 + zlib.MAX_WBITS  # gzip's or zlib's


def is_compressed(start):
    """True if `start`, the first 8 bytes of a file, are those of gzip or zlib.

    They could also be the length of a record, but only of one of more than 4 GiB.
    """
    if start[:2] == b"\x1f\x8b":
        return True
    zlib_header = start[:1] == b"\x78" and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib_header and any(start[4:8])


def plain_file(path):
    """The path of an uncompressed file with the records of `path`: itself, or a copy made once.

    Raises:
      DataError: it cannot be decompressed, or there is no room for the copy.
      OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        if not is_compressed(file.read(8)):
            return str(path)
        state = os.fstat(file.fileno())
        copy = _copy_of(os.path.realpath(path), state)
        if not copy.exists():
            _LOG.info("%s: is compressed; written out once as %s", path, copy)
            file.seek(0)
            _write_out(path, file, copy)
    return str(copy)


def _copy_of(path, state):
    key = hashlib.sha256(repr((path, state.st_size, state.st_mtime_ns)).encode()).hexdigest()
    return cache_folder() / "records" / f"{key[:24]}.tfrecord"


def _write_out(path, file, copy):
    aside = copy.with_name(f"{copy.name}.{os.getpid()}")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as out:
            _decompress(file, out)
        os.replace(aside, copy)
    except (zlib.error, EOFError) as error:
        raise DataError(f"{path}: is compressed and damaged ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(
            f"{path}: is compressed and cannot be written out to {copy.parent} ({error.strerror}); "
            "write it without compression, or set XDG_CACHE_HOME to a folder with room"
        ) from error
    finally:
        pathlib.Path(aside).unlink(missing_ok=True)


def _decompress(file, out):
    """Decompresses a file, which may be several compressed ones concatenated."""
    engine = zlib.decompressobj(_ANY_HEADER)
    while chunk := file.read(_CHUNK):
        while chunk:
            if engine.eof:
                engine = zlib.decompressobj(_ANY_HEADER)
            out.write(engine.decompress(chunk))
            chunk = engine.unused_data
    if not engine.eof:
        raise EOFError("it is cut short")
