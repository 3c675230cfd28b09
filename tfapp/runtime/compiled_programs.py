"""XLA's cache of compiled programs, of which TensorFlow would not survive a damaged one.

TensorFlow writes a program as a file, XlaSerializedCacheEntry of tensorflow/compiler/jit/
xla_compilation_cache.proto, and fails where it cannot read one. So before TensorFlow is loaded each
file is looked at: one without the form of such an entry, as a crash leaves it, or with another
checksum than at an earlier start, is removed and compiled again.
"""

import json
import zlib

from tfapp.runtime import json_files
from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.json_shape import Each
from tfapp.runtime.regular_files import open_regular

_SUMS = "sums.json"  # name of a file -> its CRC-32
_PROGRAM = ".pb"
_NEEDED = {1, 3}  # fields that every entry has: its key, and the program
_BYTES = 2  # wire type of messages and bytes


def remove_damaged(folder):
    """Removes the damaged programs in `folder`, a `pathlib.Path`, and remembers the others.

    Raises:
      OSError: the folder cannot be read or written.
    """
    known, sums = _read_sums(folder / _SUMS), {}
    for path in sorted(folder.glob(f"*{_PROGRAM}")):
        sum_ = _sum(path)
        if sum_ is None or known.get(path.name, sum_) != sum_:
            path.unlink(missing_ok=True)
        else:
            sums[path.name] = sum_
    if sums != known:
        write_text(folder / _SUMS, json.dumps(sums))


def _read_sums(path):
    try:
        return json_files.read(path, Each(int))
    except (OSError, json_files.Damaged):
        return {}


def _sum(path):
    """The checksum of a program; None if the file is none."""
    try:
        with open_regular(path) as file:
            data = file.read()
    except OSError:
        return None
    return zlib.crc32(data) if _is_entry(data) else None


def _is_entry(data):
    """Whether `data` consists of whole fields of a protocol buffer, those needed among them."""
    at, fields = 0, set()
    while at < len(data):
        tag, at = _varint(data, at)
        if tag is None or tag & 7 != _BYTES:
            return False
        size, at = _varint(data, at)
        if size is None or at + size > len(data):
            return False
        fields.add(tag >> 3)
        at += size
    return fields >= _NEEDED


def _varint(data, at):
    """(number, where it ends); the number is None if it does not end."""
    number, shift = 0, 0
    while at < len(data) and shift < 64:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at
    return None, at
