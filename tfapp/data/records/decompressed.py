"""Compressed TFRecord files, decompressed once into files whose records can be read in any order.

The copies are in the user's cache folder, next to the indices that are made of them.
"""

import hashlib
import json
import logging
import os
import pathlib
import shutil
import zlib

from tfapp.errors import DataError, StorageError
from tfapp.runtime import json_files, one_at_a_time, storage
from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.regular_files import open_regular
from tfapp.runtime.tf_settings import cache_folder
from tfapp.runtime.unpacking import Bomb, Bound

_LOG = logging.getLogger("tfapp")
_CHUNK = 1 << 20  # bytes at a time
_ANY_HEADER = 32 + zlib.MAX_WBITS  # gzip's or zlib's
_SIZE = ".json"  # ending of the file that says how large the copy is
_ROOM = 0.9  # share of what is free on the disk that a copy may take


def is_compressed(start):
    """True if `start`, the first 8 bytes of a file, are those of gzip or zlib.

    They could also be the length of a record, but only of one of more than 4 GiB.
    """
    if start[:2] == b"\x1f\x8b":
        return True
    zlib_header = start[:1] == b"\x78" and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib_header and any(start[4:8])


def plain_file(path, *, anew=False):
    """The path of an uncompressed file with the records of `path`: itself, or a copy made once.

    Args:
      anew: whether a copy that is there already is damaged, and made again.

    Raises:
      DataError: it cannot be decompressed.
      StorageError: there is no room for the copy.
      OSError: it cannot be read.
    """
    with open_regular(path) as file:
        if not is_compressed(file.read(8)):
            return str(path)
        copy = _copy_of(os.path.realpath(path), os.fstat(file.fileno()))
        if anew or not _is_whole(copy):
            with storage.writing(copy.parent, remedy=_REMEDY):
                _make(path, file, copy, anew)
    return str(copy)


_REMEDY = "write the records without compression, or set XDG_CACHE_HOME to a folder with room"


def _copy_of(path, state):
    key = (path, state.st_size, state.st_mtime_ns)
    name = hashlib.sha256(repr(key).encode(errors="surrogatepass")).hexdigest()
    return cache_folder() / "records" / f"{name[:24]}.tfrecord"


def _is_whole(copy):
    """Whether the copy has the size that it was written with; checksums prove its records."""
    try:
        size = json_files.read(copy.with_suffix(_SIZE), {"bytes": int})["bytes"]
        return os.path.isfile(copy) and os.path.getsize(copy) == size
    except (OSError, json_files.Damaged):
        return False


def _make(path, file, copy, anew):
    """Makes the copy, or waits for another process that does."""
    copy.parent.mkdir(parents=True, exist_ok=True)

    def waiting():
        _LOG.info("%s: waiting for another process that decompresses it", path)

    with one_at_a_time.held(copy.with_suffix(".lock"), waiting):
        if anew or not _is_whole(copy):
            _LOG.info("%s: is compressed; written out once as %s", path, copy)
            file.seek(0)
            _write_out(path, file, copy)


def _write_out(path, file, copy):
    aside = copy.with_name(f"{copy.name}.{os.getpid()}")
    try:
        with open(aside, "wb") as out:
            _decompress(file, out, os.fstat(file.fileno()).st_size, copy.parent)
        size = os.path.getsize(aside)
        os.replace(aside, copy)
        write_text(copy.with_suffix(_SIZE), json.dumps({"bytes": size}))
    except (zlib.error, EOFError) as error:
        raise DataError(f"{path}: is compressed and damaged ({error}); fetch it again") from error
    except Bomb as error:
        raise DataError(f"{path}: {error}") from error
    finally:
        pathlib.Path(aside).unlink(missing_ok=True)


def _decompress(file, out, size, folder):
    """Decompresses a file of `size` bytes into `out`, which lies in `folder`."""
    bound, room, written = Bound(size), _ROOM * shutil.disk_usage(folder).free, 0
    for data in _pieces(file):
        written += len(data)
        bound.add(len(data))
        if written > room:
            raise StorageError(
                f"{file.name}: there is no room for its decompressed copy in {folder}"
                f"{storage.free_space(folder)}; {_REMEDY}"
            )
        out.write(data)


def _pieces(file):
    """What a file, or several compressed ones concatenated, holds, in pieces of bounded size."""
    engine = zlib.decompressobj(_ANY_HEADER)
    while chunk := file.read(_CHUNK):
        while chunk:
            if engine.eof:
                engine = zlib.decompressobj(_ANY_HEADER)
            data = engine.decompress(chunk, _CHUNK)
            yield data
            while engine.unconsumed_tail or len(data) == _CHUNK:
                data = engine.decompress(engine.unconsumed_tail, _CHUNK)
                yield data
            chunk = engine.unused_data
    if not engine.eof:
        raise EOFError("it is cut short")
