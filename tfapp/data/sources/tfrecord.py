"""`tfrecord:GLOB`: tf.Example records, their fields inferred from the first of them.

The first word of a file's name that is one of a split is its split; files without one are train.
Records with images are read one by one; others are tables and are read into memory.
"""

import dataclasses
import glob
import os

import numpy as np

from tfapp.data.images.size import choose_size
from tfapp.data.records import index as record_index
from tfapp.data.records import schema as record_schema
from tfapp.data.records.reader import RecordReader, columns
from tfapp.data.sources import multi_hot
from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits import split_names
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.example_loader import ExampleLoader
from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables.files import regular_files
from tfapp.errors import DataError
from tfapp.spec import KIND_OF_TASK, DataSpec, FeatureSpec, LabelSpec

_INSPECTED = 64  # records from which the fields are inferred


def open_tfrecord(where, *, label, task, features, image_size, max_bad_examples):
    """Indexes the files that match `where`.

    Args:
      where: a pattern of `glob`.
      label, task, features, image_size: see `source_from_records`.
      max_bad_examples: see `BadExamples`.

    Raises:
      UsageError: a field of `features` cannot be learnt from.
      DataError: no file matches, or the records cannot be used.
    """
    matching = glob.glob(os.path.expanduser(where), recursive=True)
    paths = regular_files(f"tfrecord:{where}", matching)
    if not paths:
        raise DataError(f"--dataset=tfrecord:{where}: no file matches")
    by_split = {}
    for path in paths:
        found = split_names.in_file_name(os.path.basename(path))
        by_split.setdefault(found[0] if found else TRAIN, []).append(path)
    if TRAIN not in by_split:
        if len(by_split) > 1:
            raise DataError(f"--dataset=tfrecord:{where}: no file of train among {len(paths)}")
        by_split = {TRAIN: paths}
    records = {split: record_index.build_index(files) for split, files in by_split.items()}
    source = source_from_records(
        where,
        records,
        label=label,
        task=task,
        features=features,
        image_size=image_size,
        max_bad_examples=max_bad_examples,
    )
    return dataclasses.replace(source, files=tuple(paths))


def source_from_records(
    name, records, *, label, task, image_size, max_bad_examples, features=(), class_names=()
):
    """Builds a `Source` of tf.Examples.

    Args:
      name: what messages call the data set.
      records: split name -> `Records`.
      label: the field to learn; empty: guessed.
      task: --task.
      image_size: see `choose_size`.
      max_bad_examples: see `BadExamples`.
      features: the fields to learn from; empty: all that can be used.
      class_names: of the label's classes; empty: inferred.

    Raises:
      UsageError, DataError: see `record_schema.infer`; DataError also for damaged records.
    """
    for split, part in records.items():
        if not len(part):
            raise DataError(f"{name}, split {split}: holds no records")
    bad = _charged(BadExamples(max_bad_examples), records)
    train = records[TRAIN]
    count = min(_INSPECTED, len(train))
    first = [train.read(i * len(train) // count) for i in range(count)]
    schema = record_schema.infer(name, first, label, features)
    images = [f for f in schema.features if f.kind == "image"]
    if not images:
        return _table(name, records, schema, task, class_names, bad)

    def image(row):
        found, _ = columns(train, np.array([row]), schema, images[:1])
        return next(iter(found[images[0].key]), b"")

    size, channels = choose_size(image_size, len(train), image)
    found = {split: _sound(name, part, schema, (), bad) for split, part in records.items()}
    labels = {split: values[schema.label.key] for split, (_, values) in found.items()}
    labels, label_spec = _label(name, schema, labels, task, class_names)
    splits = {}
    for split, part in records.items():
        reader = RecordReader(part, schema, size=size, channels=channels)
        loader = ExampleLoader(reader, label=label_spec.name, bad_examples=bad)
        splits[split] = FileSplit(loader, found[split][0], labels[split])
    specs = tuple(_feature(schema.names[f.key], f, size, channels) for f in schema.features)
    return Source(DataSpec(name, specs, label_spec), splits, bad)


def _charged(bad, records):
    """The budget `bad` less the damaged records that indexing found. Raises DataError."""
    bad.set_total(sum(len(part) + len(part.bad) for part in records.values()))
    for part in records.values():
        for place, reason in part.bad:
            bad.skip(place, reason)
    return bad


def _sound(name, records, schema, features, bad):
    """Rows of the records that can be used, and their labels and `features`: key -> [n, ...].

    The others are charged to the budget `bad`.
    """
    rows = np.arange(len(records))
    values, wrong = columns(records, rows, schema, (*features, schema.label))
    rows = np.setdiff1d(rows, list(wrong))
    sound = np.ones(len(rows), bool)
    for key, array in values.items():
        if array.dtype.kind == "f" and array.size:
            finite = np.isfinite(array.reshape(len(rows), -1)).all(1)
            for row in rows[sound & ~finite].tolist():
                wrong[row] = f"field {key!r} is NaN or infinite"
            sound &= finite
    for row in sorted(wrong):
        bad.skip(records.where(row), wrong[row])
    if not sound.any():
        raise DataError(f"{name}: no record can be used ({next(iter(wrong.values()))})")
    return rows[sound], {key: array[sound] for key, array in values.items()}


def _label(name, schema, labels, task, class_names):
    """Labels by split, and the LabelSpec."""
    field = schema.label
    key = schema.names[field.key]
    wanted, train = KIND_OF_TASK.get(task, ""), labels[TRAIN]
    whole = field.length > 1 and field.dtype not in ("float32", "string")
    if wanted == "multi_label" or (not wanted and whole and multi_hot.is_sets(name, train, key)):
        spec, encode = multi_hot.make(name, train, key, class_names)
        return {s: encode(f"{name}, split {s}", array) for s, array in labels.items()}, spec
    real = wanted == "real" or field.dtype == "float32"
    if real and field.dtype != "string":
        shape = () if field.length == 1 else (field.length,)
        labels = {split: array.astype(np.float32) for split, array in labels.items()}
        return labels, LabelSpec(key, "real", shape=shape)
    if field.length > 1:
        raise DataError(f"{name}: label {field.key} has {field.length} values; one class is needed")
    labels, names = record_schema.class_numbers(name, labels, class_names)
    return labels, LabelSpec(key, "class", len(names), names)


def _feature(name, field, size, channels):
    if field.kind == "image":
        return FeatureSpec(name, "image", (*size, channels), "uint8")
    return FeatureSpec(name, "numeric", () if field.length == 1 else (field.length,), "float32")


def _as_text(column):
    """Bytes, as TensorFlow returns them, as str."""
    if column.dtype.kind != "O":
        return column
    return np.array([value.decode("utf-8", "replace") for value in column], str)


def _table(name, records, schema, task, class_names, bad):
    """Records without images, in memory."""
    splits = {}
    for split, part in records.items():
        _, found = _sound(name, part, schema, schema.features, bad)
        splits[split] = {schema.names[key]: _as_text(value) for key, value in found.items()}
    label = schema.names[schema.label.key]
    source = source_from_arrays(name, splits, label=label, class_names=class_names, task=task)
    return Source(source.spec, source.splits, bad)
