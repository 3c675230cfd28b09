"""Reads one tf.Example of some `Records`: the reader behind tfrecord: and large TFDS data sets."""

import numpy as np
import tensorflow as tf

from tfapp.data.images import decode
from tfapp.data.images.reader import in_words
from tfapp.data.records.schema import misfit
from tfapp.data.splits.reader import Reader
from tfapp.errors import DataError

_PARSED = 1024  # records parsed at a time
# TensorFlow's own message of an error quotes the record, which need not be text.
_NOT_PARSED = (tf.errors.OpError, UnicodeDecodeError)


class RecordReader(Reader):
    """Rows are records; an example is {feature name: tensor}, images decoded to one size."""

    cuts_windows = True

    def __init__(self, records, schema, *, size=None, channels=3):
        """
        Args:
          records: `Records`.
          schema: a `Schema`; its features are read.
          size: (height, width) of the images, if there are any.
          channels: of the images.
        """
        self._records = records
        self.only_here = records.only_here
        self._schema = schema
        self._decode = decode.decoder(size, channels) if size else None
        self.size, self.channels = size, channels
        self._names = schema.names
        pixels = size[0] * size[1] * channels if size else 0
        self.example_nbytes = sum(
            pixels if f.kind == "image" else 4 * f.length for f in schema.features
        )

    def read(self, row, seed=None):
        record = self._records.in_graph(row)
        found = tf.io.parse_single_example(record, self._schema.parser(self._schema.features))
        example = {}
        for field in self._schema.features:
            value = found[field.key]
            if field.kind == "image":
                value = self._decode(value, seed)
            else:
                value = tf.cast(value, tf.float32)
            example[self._names[field.key]] = value
        return example

    def content(self, row):
        found = tf.train.Example.FromString(self._records.read(row)).features.feature
        return b"".join(found[f.key].SerializeToString() for f in self._schema.features)

    def where(self, row):
        return self._records.where(row)

    def reason(self, row):
        try:
            wrong = misfit(self._records.read(row), self._schema.features)
            if wrong:
                return wrong
            self.read(tf.constant(row, tf.int64))
        except tf.errors.OpError as error:
            return in_words(error)
        except UnicodeDecodeError:
            return "is no tf.Example"
        return "could not be read at first, but can be now"


def columns(records, rows, schema, fields):
    """Values of `fields`, which are no images, in many records.

    Returns:
      values: key -> NumPy [n] or [n, length], of the records that have the fields.
      wrong: row -> reason, of the others.
    """
    parts, wrong = [], {}
    for start in range(0, len(rows), _PARSED):
        part, others = _parsed(records, rows[start : start + _PARSED], schema, fields)
        parts.append(part)
        wrong.update(others)
    return {f.key: np.concatenate([part[f.key] for part in parts]) for f in fields}, wrong


def _parsed(records, rows, schema, fields):
    """`columns` of a few records."""
    found, wrong = [], {}
    for row, record in zip(rows.tolist(), records.read_many(rows.tolist()), strict=True):
        if isinstance(record, tf.errors.OpError):
            wrong[row] = in_words(record)
        else:
            found.append(record)
    parser = schema.parser(fields)
    try:
        parsed = tf.io.parse_example(tf.constant(found, tf.string), parser)
    except _NOT_PARSED:
        # Only now each of them is looked at by itself, in Python.
        kept = []
        for row, record in zip([r for r in rows.tolist() if r not in wrong], found, strict=True):
            reason = misfit(record, fields)
            if reason:
                wrong[row] = reason
            else:
                kept.append(record)
        try:
            parsed = tf.io.parse_example(tf.constant(kept, tf.string), parser)
        except _NOT_PARSED as error:
            where = records.where(int(rows[0]))
            raise DataError(f"{where}, or one soon after it: cannot be parsed") from error
    return {key: value.numpy() for key, value in parsed.items()}, wrong
