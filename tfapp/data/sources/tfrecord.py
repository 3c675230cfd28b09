"""`tfrecord:GLOB`: tf.Example records, their fields inferred from the first of them.

A word of a file's name tells its split: train, validation (val, valid, dev) or test; without any,
all are train. Records with images are read one by one; others are tables and are read into memory.
"""

import glob
import os
import re

import numpy as np

from tfapp.data.images.size import choose_size
from tfapp.data.records import index as record_index
from tfapp.data.records import schema as record_schema
from tfapp.data.records.reader import RecordReader, columns, feature_name
from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.example_loader import ExampleLoader
from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.source import Source
from tfapp.errors import DataError
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

_INSPECTED = 64  # records that tell what the fields are
_WORDS = {"train": "train", "training": "train", "test": "test", "eval": "validation"}
_WORDS.update(dict.fromkeys(("val", "valid", "validation", "dev"), "validation"))


def open_source(where, config):
    """Indexes the files that match `where`. Raises DataError."""
    paths = sorted(glob.glob(os.path.expanduser(where), recursive=True))
    paths = [path for path in paths if os.path.isfile(path)]
    if not paths:
        raise DataError(f"--dataset=tfrecord:{where}: no file matches")
    by_split = {}
    for path in paths:
        by_split.setdefault(_split_of(path), []).append(path)
    if "train" not in by_split:
        if len(by_split) > 1:
            raise DataError(f"--dataset=tfrecord:{where}: no file of train among {len(paths)}")
        by_split = {"train": paths}
    bad = BadExamples(config.max_bad_examples)
    records = {split: record_index.build_index(files) for split, files in by_split.items()}
    take_from_budget(bad, records)
    return source_from_records(where, records, config, bad)


def take_from_budget(bad, records):
    """Counts the damaged records that indexing has met. Raises DataError."""
    damaged = {split: getattr(index, "bad", ()) for split, index in records.items()}
    bad.set_total(sum(len(records[split]) + len(damaged[split]) for split in records))
    for pairs in damaged.values():
        for place, reason in pairs:
            bad.skip(place, reason)


def source_from_records(name, records, config, bad, class_names=()):
    """Builds a Source of tf.Examples.

    Args:
      name: what messages call the data.
      records: split name -> what `RecordReader` takes.
      class_names: of the label's classes; empty: as the records tell.

    Raises:
      DataError: see `record_schema.infer`.
    """
    train = records["train"]
    count = min(_INSPECTED, len(train))
    first = [train.read(i * len(train) // count) for i in range(count)]
    schema = record_schema.infer(name, first, config.label, config.features)
    if not any(f.kind == "image" for f in schema.features):
        return _table(name, records, schema, config, class_names, bad)
    key = next(f.key for f in schema.features if f.kind == "image")

    def image(row):
        only = [f for f in schema.features if f.key == key]
        return columns(train, [row], schema, only)[key][0]

    size, channels = choose_size(config.image_size, len(train), image)
    labels = {
        split: columns(index, np.arange(len(index)), schema, [schema.label])[schema.label.key]
        for split, index in records.items()
    }
    labels, label = _label(name, schema.label, labels, config, class_names)
    splits = {}
    for split, index in records.items():
        reader = RecordReader(index, schema, size=size, channels=channels)
        loader = ExampleLoader(reader, label=label.name, bad_examples=bad)
        splits[split] = FileSplit(loader, np.arange(len(index)), labels[split])
    features = tuple(_feature(f, size, channels) for f in schema.features)
    return Source(DataSpec(name, features, label), splits, bad)


def _split_of(path):
    words = re.split(r"[^a-z]+", os.path.basename(path).lower())
    return next((_WORDS[word] for word in words if word in _WORDS), "train")


def _label(name, field, labels, config, class_names):
    """Labels by split, and the LabelSpec."""
    key = feature_name(field.key)
    real = config.task == "regression" or field.dtype == "float32"
    if real and field.dtype != "string":
        shape = () if field.length == 1 else (field.length,)
        labels = {split: array.astype(np.float32) for split, array in labels.items()}
        return labels, LabelSpec(key, "real", shape=shape)
    if field.length > 1:
        raise DataError(f"{name}: label {field.key} has {field.length} values; one class is needed")
    labels, found = record_schema.class_numbers(name, labels)
    names = tuple(class_names) or found
    return labels, LabelSpec(key, "class", len(names), names)


def _feature(field, size, channels):
    name = feature_name(field.key)
    if field.kind == "image":
        return FeatureSpec(name, "image", (*size, channels), "uint8")
    return FeatureSpec(name, "numeric", () if field.length == 1 else (field.length,), "float32")


def _as_text(column):
    """Bytes, as TensorFlow gives them, as str."""
    if column.dtype.kind != "O":
        return column
    return np.array([value.decode("utf-8", "replace") for value in column], str)


def _table(name, records, schema, config, class_names, bad):
    """Records without images, in memory."""
    fields = (*schema.features, schema.label)
    splits = {}
    for split, index in records.items():
        found = columns(index, np.arange(len(index)), schema, fields)
        splits[split] = {feature_name(key): _as_text(value) for key, value in found.items()}
    label = feature_name(schema.label.key)
    source = source_from_arrays(
        name, splits, label=label, class_names=class_names, task=config.task
    )
    return Source(source.spec, source.splits, bad)
