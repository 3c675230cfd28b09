"""Reads .npz archives (numpy.savez) without trusting what their headers claim.

A header of 100 bytes can claim an array of 4 TB, and a member of the archive can unpack to a
thousand times its size: both are compared with the file and with the memory that is available
before anything is allocated.
"""

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
    try:
        with zipfile.ZipFile(file) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers that Python 2 wrote
            members = archive.infolist()
            _check(members, size)
            return {_name(member): _read(archive, member) for member in members}
    except BadArchive:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unreadable(error) from error
    except Exception as error:  # zipfile, zlib, tokenize and NumPy raise many kinds for damage
        raise _unreadable(error) from error


def _unreadable(error):
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return BadArchive(f"is unreadable as .npz ({lines[0][:120]})")


def _check(members, size):
    """Raises BadArchive unless all are arrays whose sizes can be true, and fit into memory.

    `size`: bytes of the archive.
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
    if free and total > free:
        raise BadArchive(f"takes {in_words(total)} of memory, and {in_words(free)} are available")


def _name(member):
    return member.filename.removesuffix(_ENDING)


def _read(archive, member):
    """One array. Its header is read first, and must claim exactly the bytes that follow it."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise BadArchive(f"holds {member.filename!r} in a form that numpy.savez does not write")
        shape, _, dtype = _HEADERS[version](file)
        if dtype.hasobject:
            raise BadArchive(f"holds Python objects ({_name(member)})")
        if dtype.names is not None or dtype.subdtype is not None:
            raise BadArchive(
                f"holds {_name(member)}, whose values have fields; save each by itself"
            )
        claimed, there = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
        if dtype.itemsize == 0 or any(side < 0 for side in shape) or claimed != there:
            raise BadArchive(
                f"is damaged: {_name(member)} claims the shape {shape} of {dtype}, and "
                f"{in_words(max(there, 0))} are there"
            )
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
