"""Reads one tf.Example of indexed record files: the reader behind tfrecord: and TFDS folders."""

import numpy as np
import tensorflow as tf

from tfapp.data.images import decode
from tfapp.data.images.reader import in_words

_PARSED = 1024  # records parsed at a time


class RecordReader:
    """Rows are records; an example is {feature name: tensor}, images decoded to one size.

    `records` has len(), read(row) -> bytes and where(row), as a `RecordIndex`.
    """

    cuts_windows = True

    def __init__(self, records, schema, *, size=None, channels=3):
        """`size`: (height, width) of the images, if there are any."""
        self._records = records
        self._schema = schema
        self._decode = decode.decoder(size, channels) if size else None
        self.size, self.channels = size, channels
        pixels = size[0] * size[1] * channels if size else 0
        self.example_nbytes = sum(
            pixels if f.kind == "image" else 4 * f.length for f in schema.features
        )

    def read(self, row, seed=None):
        """The example of `row`; a `seed` asks for random windows of its images."""
        record = tf.numpy_function(self._bytes, (row,), tf.string, stateful=False)
        record.set_shape(())
        found = tf.io.parse_single_example(record, self._schema.parser(self._schema.features))
        example = {}
        for field in self._schema.features:
            value = found[field.key]
            if field.kind == "image":
                value = self._decode(value, seed)
            else:
                value = tf.cast(value, tf.float32)
            example[feature_name(field.key)] = value
        return example

    def content(self, row):
        """The bytes of a record's features, without its label."""
        found = tf.train.Example.FromString(self._records.read(row)).features.feature
        return b"".join(found[f.key].SerializeToString() for f in self._schema.features)

    def where(self, row):
        return self._records.where(row)

    def reason(self, row):
        """Why a record cannot be read, in a few words."""
        try:
            self.read(tf.constant(row, tf.int64))
        except tf.errors.OpError as error:
            return in_words(error)
        return "could not be read at first, but can be now"

    def _bytes(self, row):
        return np.bytes_(b"") if row < 0 else np.array(self._records.read(int(row)), object)


def feature_name(key):
    """A field's key as a name that models and their signatures can have."""
    if key == "image/encoded":
        return "image"
    return "".join(c if c.isalnum() else "_" for c in key)


def columns(records, rows, schema, fields):
    """Fields that are no images of many records: key -> NumPy [n] or [n, length]."""
    parts = []
    for start in range(0, len(rows), _PARSED):
        serialized = [records.read(int(row)) for row in rows[start : start + _PARSED]]
        parsed = tf.io.parse_example(serialized, schema.parser(fields))
        parts.append({key: value.numpy() for key, value in parsed.items()})
    return {f.key: np.concatenate([part[f.key] for part in parts]) for f in fields}
