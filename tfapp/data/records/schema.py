"""What the fields of tf.Example records are: inferred from the first of them."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfapp.data.splits import label_names
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest

_LOG = logging.getLogger("tfapp")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM")
# From so many classes a label value up, those that do not occur are left out.
_SPARSE, _FEW = 2, 50
_IMAGENET_LABEL = "image/class/label"
_DTYPES = {"int64_list": "int64", "float_list": "float32", "bytes_list": "string"}


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of the records."""

    key: str  # as the records call it
    kind: str  # "image": encoded bytes; "numeric"; "text": other bytes
    dtype: str
    length: int  # values a record


@dataclasses.dataclass(frozen=True)
class Schema:
    """The fields that are used."""

    features: tuple[Field, ...]
    label: Field

    @property
    def names(self):
        """Key of a field -> its name as a feature or label, in characters for an argument.

        A key in such characters is its own name; no two names are equal.
        """
        keys = sorted({f.key for f in (self.label, *self.features)}, key=lambda k: _plain(k) != k)
        names = {}
        for key in keys:
            name = wanted = _plain(key)
            while name in names.values():
                name = f"{wanted}_{len(names)}"
            names[key] = name
        return names

    def parser(self, fields):
        """What tf.io.parse_example takes to read `fields`; every record must have them."""
        return {
            f.key: tf.io.FixedLenFeature(() if f.length == 1 else (f.length,), f.dtype)
            for f in fields
        }


def _plain(key):
    if key == "image/encoded":
        return "image"
    return "".join(c if c.isalnum() else "_" for c in key)


def infer(name, records, label, wanted=()):
    """Infers the `Schema` of serialized tf.Examples.

    Args:
      name: what messages call the data.
      records: some of them, bytes.
      label: the field to learn; empty: the first that usually means the label.
      wanted: the fields to learn from; empty: all that can be used.

    Raises:
      UsageError: a wanted field does not exist or cannot be learnt from.
      DataError: the records are no tf.Examples, have no such label, or nothing else to learn from.
    """
    fields = {}
    for record in records:
        for key, feature in _parsed(name, record).features.feature.items():
            kind = feature.WhichOneof("kind")
            if kind:
                values = _values(feature, kind)
                fields.setdefault(key, []).append((kind, len(values), values[:1]))
    usual = (*label_names.candidates(fields), _IMAGENET_LABEL)
    label = label or next((key for key in usual if key in fields), "")
    if label not in fields:
        problem = f"--label={label}: no such field" if label else "say which is the --label"
        known = ", ".join(sorted(fields))
        raise DataError(f"{name}: {problem}{suggest(label, fields)} (fields: {known})")
    known = {key: _field(key, seen) for key, seen in sorted(fields.items())}
    constant = {k: f for k, f in known.items() if f and len(fields[k]) == len(records)}
    left_out = sorted(set(fields) - set(constant))
    if label in left_out:
        raise DataError(f"{name}: label {label} is missing in some records, or varies in length")
    features = tuple(f for key, f in constant.items() if key != label)
    if any(f.kind == "image" for f in features):  # captions and file names, which are not read
        left_out += [f.key for f in features if f.kind == "text"]
        features = tuple(f for f in features if f.kind != "text")
    for key in wanted:
        if key not in {f.key for f in features}:
            raise UsageError(f"--features={key}: {_why_not(key, fields, constant, label)}")
    if wanted:
        left_out += [f.key for f in features if f.key not in wanted]
        features = tuple(f for f in features if f.key in wanted)
    if not features:
        raise DataError(f"{name}: nothing to learn from except the label {label}")
    schema = Schema(features, constant[label])
    _LOG.info("records: %s -> %s", ", ".join(map(_shown, features)), _shown(schema.label))
    if left_out:
        _LOG.info("records: left out: %s", ", ".join(sorted(left_out)))
    return schema


def _values(feature, kind):
    lists = {
        "int64_list": feature.int64_list,
        "float_list": feature.float_list,
        "bytes_list": feature.bytes_list,
    }
    return lists[kind].value


def misfit(record, fields):
    """What of `fields` the serialized tf.Example `record` lacks, in a few words; "" if nothing."""
    try:
        found = tf.train.Example.FromString(record).features.feature
    except Exception:  # protobuf's DecodeError differs between its implementations
        return "is no tf.Example"
    for field in fields:
        kind = found[field.key].WhichOneof("kind") if field.key in found else None
        if kind is None:
            return f"has no field {field.key!r}, which the first records have"
        count = len(_values(found[field.key], kind))
        if _DTYPES[kind] != field.dtype or count != field.length:
            return (
                f"field {field.key!r} holds {count} {_DTYPES[kind]}, in the first records "
                f"{field.length} {field.dtype}"
            )
    return ""


def _why_not(key, fields, constant, label):
    """Why the field `key` cannot be learnt from."""
    if key not in fields:
        return f"no such field{suggest(key, fields)} (fields: {', '.join(sorted(fields))})"
    if key == label:
        return "is the label"
    if key in constant:
        return "is a text of records that hold images, which is not read"
    return "is missing in some records, or varies in type or length"


def _parsed(name, record):
    try:
        return tf.train.Example.FromString(record)
    except Exception as error:  # protobuf's DecodeError differs between its implementations
        raise DataError(f"{name}: its records are no tf.Examples ({error})") from error


def _field(key, seen):
    """The `Field` with the values seen in some records, or None if its form varies."""
    kinds, lengths = {kind for kind, _, _ in seen}, {length for _, length, _ in seen}
    if len(kinds) > 1 or len(lengths) > 1 or lengths == {0}:
        return None
    kind, length = kinds.pop(), lengths.pop()
    if kind != "bytes_list":
        return Field(key, "numeric", _DTYPES[kind], length)
    if length == 1 and all(values[0].startswith(_MAGIC) for _, _, values in seen):
        return Field(key, "image", "string", 1)
    return Field(key, "text", "string", length) if length == 1 else None


def _shown(field):
    return f"{field.key} {field.kind}" + (f"[{field.length}]" if field.length > 1 else "")


def class_numbers(name, values, class_names=()):
    """Labels as int32 class numbers, and the classes' names.

    Args:
      values: split name -> NumPy [num_examples] of int64 or bytes.
      class_names: of the classes 0, 1, ...; empty: inferred from train.

    Raises:
      DataError: a class that train lacks, or a negative number.
    """
    train = values[TRAIN]
    if train.dtype.kind in "OS":
        classes = np.unique(train)
        names = tuple(c.decode("utf-8", "backslashreplace") for c in classes)
        return _numbered(name, values, classes), names
    classes = np.unique(train)
    count = len(class_names) or int(classes[-1]) + 1
    sparse = count > _SPARSE * max(len(classes), _FEW)  # such as postcodes
    if sparse and not class_names and classes[0] >= 0:
        return _numbered(name, values, classes), tuple(map(str, classes.tolist()))
    for split, array in values.items():
        if array.min() < 0 or array.max() >= count:
            raise DataError(
                f"{name}, split {split}: label {array.min() if array.min() < 0 else array.max()} "
                f"is not among the {count} classes 0 to {count - 1} of train"
            )
    names = tuple(class_names) or tuple(map(str, range(count)))
    return {s: a.astype(np.int32) for s, a in values.items()}, names


def _numbered(name, values, classes):
    """Each label's place in `classes`, by split. Raises DataError for one that is not there."""
    numbers = {}
    for split, array in values.items():
        place = np.clip(np.searchsorted(classes, array), 0, len(classes) - 1)
        unknown = classes[place] != array
        if unknown.any():
            raise DataError(
                f"{name}, split {split}: label {array[np.argmax(unknown)]!r} is not among the "
                f"{len(classes)} classes of train"
            )
        numbers[split] = place.astype(np.int32)
    return numbers
