"""Reads .npz archives (numpy.savez) without trusting what their headers claim.

A header of 100 bytes can claim an array of 4 TB, and a member of the archive can unpack to a
thousand times its size: both are compared with the file and with the memory that is available
before anything is allocated.
"""

import contextlib
import math
import os
import warnings
import zipfile

import numpy as np

from tfapp.runtime.host import memory_available
from tfapp.runtime.storage import in_words

_ENDING = ".npy"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy.savez writes
_MOST_DEFLATED = 1040  # bytes that one byte of Deflate can become: 1032, and some for short ones
_ENCRYPTED = 1  # flag of a member
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class BadArchive(ValueError):
    """An .npz that cannot be read; the message says why, without the file's name."""


def read_arrays(file):
    """The arrays in an open binary file: name -> array.

    Raises:
      BadArchive: it is damaged, no archive of arrays, holds Python objects, or needs more memory
        than there is.
      OSError: it cannot be read.
    """
    if file.read(8).startswith(np.lib.format.MAGIC_PREFIX):
        raise BadArchive("holds one array; save several with numpy.savez")
    size = file.seek(0, os.SEEK_END)
    with _readable(), zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check(members, size)
        return {_name(member): _read(archive, member) for member in members}


class StreamedArrays:
    """The arrays in an open binary file, read some rows at a time, in the memory of these rows.

    Attributes:
      shapes: name -> shape.
    """

    def __init__(self, file):
        """Raises BadArchive or OSError, as `read_arrays`; arrays may be larger than memory."""
        if file.read(8).startswith(np.lib.format.MAGIC_PREFIX):
            raise BadArchive("holds one array; save several with numpy.savez")
        size = file.seek(0, os.SEEK_END)
        with _readable():
            self._archive = zipfile.ZipFile(file)
            members = self._archive.infolist()
            _check(members, size, whole=False)
            self._members = {_name(member): member for member in members}
            headers = {name: self._header(member) for name, member in self._members.items()}
        self.shapes = {name: shape for name, (shape, _, _) in headers.items()}
        self._headers, self._open = headers, {}

    def _header(self, member):
        with self._archive.open(member) as file:
            return _read_header(file, member)

    def row_bytes(self, name):
        """Bytes of a row."""
        shape, _, dtype = self._headers[name]
        return math.prod(shape[1:]) * dtype.itemsize

    def read(self, name, count):
        """The next `count` rows of an array, as a NumPy array. Raises BadArchive or OSError."""
        shape, columns_first, dtype = self._headers[name]
        with _readable():
            if columns_first and len(shape) > 1:
                return self._rows_of_whole(name, count)
            if name not in self._open:
                self._open[name] = self._archive.open(self._members[name])
                _read_header(self._open[name], self._members[name])
            data = self._open[name].read(count * self.row_bytes(name))
            return np.frombuffer(data, dtype).reshape(count, *shape[1:])

    def _rows_of_whole(self, name, count):
        """As `read`, of an array in Fortran's order, whose rows do not lie together."""
        if name not in self._open:
            self._open[name] = [_read(self._archive, self._members[name]), 0]
        array, start = self._open[name]
        self._open[name][1] += count
        return array[start : start + count]


@contextlib.contextmanager
def _readable():
    """Turns what zipfile, zlib, tokenize and NumPy raise for damage into BadArchive."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers that Python 2 wrote
            yield
    except BadArchive:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unreadable(error) from error
    except Exception as error:
        raise _unreadable(error) from error


def _unreadable(error):
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return BadArchive(f"is unreadable as .npz ({lines[0][:120]})")


def _check(members, size, *, whole=True):
    """Raises BadArchive unless all are arrays whose sizes can be true, and fit into memory.

    Args:
      size: bytes of the archive.
      whole: whether they are to be in memory at the same time.
    """
    if not members:
        raise BadArchive("holds no arrays")
    names = [member.filename for member in members]
    for member in members:
        name = member.filename
        if not name.endswith(_ENDING) or name == _ENDING:
            raise BadArchive(f"holds {name!r}, which is no array; save with numpy.savez")
        if names.count(name) > 1:
            raise BadArchive(f"holds {name!r} twice")
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise BadArchive(f"holds {name!r} in a form that numpy.savez does not write")
        if member.file_size > member.compress_size * _MOST_DEFLATED + 64:
            raise BadArchive(
                f"is damaged: {name!r} claims {in_words(member.file_size)} in "
                f"{in_words(member.compress_size)}"
            )
    if sum(member.compress_size for member in members) > size:
        raise BadArchive(f"is damaged: its members claim more than its {in_words(size)}")
    total, free = sum(member.file_size for member in members), memory_available()
    if whole and free and total > free:
        raise BadArchive(f"takes {in_words(total)} of memory, and {in_words(free)} are available")


def _name(member):
    return member.filename.removesuffix(_ENDING)


def _read(archive, member):
    """One array. Its header is read first, and must claim exactly the bytes that follow it."""
    with archive.open(member) as file:
        _read_header(file, member)
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_header(file, member):
    """(shape, whether in Fortran's order, dtype). Raises BadArchive.

    The header must claim exactly the bytes that follow it.
    """
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise BadArchive(f"holds {member.filename!r} in a form that numpy.savez does not write")
    shape, columns_first, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise BadArchive(f"holds Python objects ({_name(member)})")
    if dtype.names is not None or dtype.subdtype is not None:
        raise BadArchive(f"holds {_name(member)}, whose values have fields; save each by itself")
    claimed, there = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
    if dtype.itemsize == 0 or any(side < 0 for side in shape) or claimed != there:
        raise BadArchive(
            f"is damaged: {_name(member)} claims the shape {shape} of {dtype}, and "
            f"{in_words(max(there, 0))} are there"
        )
    return shape, columns_first, dtype
