"""Where each record of TFRecord files begins, so that they can be read in any order.

A record is its length, the length's checksum, the data, and the data's checksum
(tensorflow/core/lib/io/record_writer.h). All are checked once, when the index is made. After a
record with a damaged length the next one is searched for byte by byte: a shard is read to its end,
whereas TensorFlow's own reader stops at the first fault.
"""

import dataclasses
import functools
import mmap
import os
import struct

import numpy as np
import tensorflow as tf

from tfapp.data.records.decompressed import plain_file
from tfapp.data.records.records import Records
from tfapp.errors import DataError
from tfapp.runtime import array_cache, private_api

_ARRAYS = ("files", "offsets", "bad")  # of the cached index
_HEADER, _FOOTER = 12, 4  # bytes around the data
_WINDOW = 1 << 20  # bytes searched for headers at a time
_POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected


@dataclasses.dataclass(frozen=True)
class RecordIndex(Records):
    """Sound records of some files, and the damaged ones."""

    paths: tuple[str, ...]  # of the files, for messages
    plain: tuple[str, ...]  # of the files that are read: the same, decompressed
    files: np.ndarray  # int32 [num_records], index into paths
    offsets: np.ndarray  # int64 [num_records], where each begins once decompressed
    bad: tuple[tuple[str, str], ...]  # (place, reason)
    only_here = ""

    def __len__(self):
        return len(self.files)

    def read(self, row):
        return self._read(row, private_api.record_reader(os.fsencode(self.plain[self.files[row]])))

    def read_many(self, rows):
        # Opening a reader and filling its buffer takes as long as reading hundreds of records.
        path, reader = None, None
        for row in rows:
            try:
                if self.plain[self.files[row]] != path:
                    path = self.plain[self.files[row]]
                    reader = private_api.record_reader(os.fsencode(path))
                yield self._read(row, reader)
            except tf.errors.OpError as error:
                yield error

    def _read(self, row, reader):
        try:
            return reader.read(int(self.offsets[row]))[0]
        except IndexError as error:
            raise tf.errors.DataLossError(None, None, "the file has become shorter") from error

    def in_graph(self, row):
        # Without a buffer, which would be filled for each record: 20 times as fast as `read`.
        plain, files, offsets = self._tensors
        variant = tf.raw_ops.TFRecordDatasetV2(
            filenames=plain[files[row]][None],
            compression_type="",
            buffer_size=0,
            byte_offsets=offsets[row][None],
            metadata="",
        )
        records = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
        return records.take(1).get_single_element()

    @functools.cached_property
    def _tensors(self):
        with tf.init_scope(), tf.device("CPU:0"):
            plain = [os.fsencode(path) for path in self.plain]
            return tf.constant(plain), tf.constant(self.files), tf.constant(self.offsets)

    def where(self, row):
        return _place(self.paths[self.files[row]], self.offsets[row])


def build_index(paths):
    """Reads the files at `paths`, or the index of them that an earlier call cached.

    Raises:
      DataError: a file cannot be read, or is compressed and cannot be decompressed.
    """
    try:
        plain = tuple(plain_file(path) for path in paths)
        state = [(os.path.realpath(p), _state(p)) for p in paths], [_state(p) for p in plain]
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error
    cache = array_cache.cache_file("records", state)
    kept = array_cache.look_up(cache, _ARRAYS)
    if kept is None:
        found = [_read_through(*names) for names in zip(paths, plain, strict=True)]
        kept = {
            "files": np.repeat(np.arange(len(paths), dtype=np.int32), [len(o) for o, _ in found]),
            "offsets": np.concatenate([o for o, _ in found]).astype(np.int64),
            "bad": np.array([pair for _, bad in found for pair in bad], str).reshape(-1, 2),
        }
        array_cache.keep(cache, **kept)
    bad = tuple((str(place), str(reason)) for place, reason in kept["bad"])
    return RecordIndex(tuple(paths), plain, kept["files"], kept["offsets"], bad)


def _state(path):
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _read_through(path, plain):
    """`_scan`, after which a decompressed copy is proven sound, or made again."""
    offsets, bad = _scan(path, plain)
    if bad and plain != str(path):
        plain_file(path, anew=True)
        offsets, bad = _scan(path, plain)
    if bad and not offsets:
        raise DataError(f"{path}: holds no sound TFRecord")
    return offsets, bad


def _scan(path, plain):
    """Offsets of the sound records of a file, and (place, reason) of the others."""
    size = os.path.getsize(plain)
    if not size:
        return [], []
    offsets, bad, offset = [], [], 0
    reader = private_api.record_reader(os.fsencode(plain))
    with open(plain, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while offset < size:
            try:
                _, following = reader.read(offset)
                offsets.append(offset)
            except (tf.errors.OpError, IndexError):
                following, reason = _after(data, offset, size)
                bad.append((_place(path, offset), reason))
            offset = following
    return offsets, bad


def _after(data, offset, size):
    """Where the record after a damaged one begins, and what is wrong with the damaged one."""
    header = np.frombuffer(data[offset : offset + _HEADER], np.uint8)
    if len(header) == _HEADER and _sound_headers(header)[0]:
        (length,) = struct.unpack("<Q", header[:8].tobytes())
        end = offset + _HEADER + length + _FOOTER
        if end > size:
            return size, "is cut short by the end of the file"
        return end, "its data does not match its checksum"
    return _next_header(data, offset + 1, size), "its length does not match its checksum"


def _next_header(data, start, size):
    while start + _HEADER <= size:
        window = np.frombuffer(data[start : start + _WINDOW + _HEADER - 1], np.uint8)
        found = np.flatnonzero(_sound_headers(window))
        if len(found):
            return start + int(found[0])
        start += _WINDOW
    return size


def _sound_headers(window):
    """bool: the bytes of `window` at which a length and its matching checksum begin."""
    count = len(window) - _HEADER + 1
    crc = np.full(count, 0xFFFFFFFF, np.uint32)
    for i in range(8):
        crc = _TABLE[(crc ^ window[i : i + count]) & 0xFF] ^ (crc >> np.uint32(8))
    crc = ~crc
    masked = ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(0xA282EAD8)
    stored = np.zeros(count, np.uint32)
    for i in range(4):
        stored |= window[8 + i : 8 + i + count].astype(np.uint32) << np.uint32(8 * i)
    return masked == stored


def _crc_table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> np.uint32(1)) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


_TABLE = _crc_table()


def _place(path, offset):
    return f"{path}, record at byte {int(offset)}"
