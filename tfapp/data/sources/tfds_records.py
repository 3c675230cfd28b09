"""Prepared TFDS data that is not read into memory: its records are read one by one, in any order.

Images of varying sizes and splits that are too large are read from the files themselves, by the
index of their TFRecords or by array_record's own.
"""

import bisect

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from array_record.python import array_record_data_source

from tfapp.data.records import index
from tfapp.data.records.records import Records
from tfapp.data.sources import tfrecord
from tfapp.errors import DataError

_IN_MEMORY = 4 << 30  # bytes of a prepared split beyond which it is not read into memory


class ArrayRecords(Records):
    """The records of array_record files."""

    def __init__(self, paths):
        self._paths = paths
        try:
            self._source = array_record_data_source.ArrayRecordDataSource(paths)
            lengths = [len(array_record_data_source.ArrayRecordDataSource([p])) for p in paths]
        except Exception as error:  # array_record raises many kinds for files that are damaged
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise DataError(f"{paths[0]}: cannot be read as array_record ({lines[0]})") from error
        self._ends = np.cumsum(lengths).tolist()

    def __len__(self):
        return len(self._source)

    def read(self, row):
        try:
            return self._source[int(row)]
        except Exception as error:  # as above
            raise tf.errors.DataLossError(None, None, str(error)) from error

    def where(self, row):
        file = bisect.bisect_right(self._ends, row)
        return f"{self._paths[file]}, record {row - ([0, *self._ends][file])}"


def is_free_image(feature):
    """True for an image feature without a fixed size."""
    return isinstance(feature, tfds.features.Image) and None in feature.shape


def needed(builder, inputs, splits):
    """True if the data set cannot be read into memory as arrays of fixed shape."""
    free = any(is_free_image(builder.info.features[key]) for key in inputs)
    return free or any(builder.info.splits[name].num_bytes > _IN_MEMORY for name in splits)


def open_records(builder, splits, **values):
    """Builds a `Source`.

    Args:
      builder: a prepared TFDS builder.
      splits: split name -> TFDS's name of it.
      **values: see `tfrecord.source_from_records`.

    Raises:
      DataError: the format's records cannot be read in any order, or cannot be used.
    """
    records = {}
    for split, name in splits.items():
        paths = [str(path) for path in builder.info.splits[name].filepaths]
        records[split] = _records(builder, paths)
    return tfrecord.source_from_records(builder.info.full_name, records, **values)


def _records(builder, paths):
    file_format = builder.info.file_format.value
    if file_format == "array_record":
        return ArrayRecords(paths)
    if file_format == "tfrecord":
        return index.build_index(paths)
    raise DataError(
        f"{builder.info.full_name}: is prepared as {file_format}, whose records cannot be read in "
        "any order; prepare it as array_record or tfrecord"
    )
