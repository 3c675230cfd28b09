"""A small description of a data set, by which a later start of a run notices that it has changed.

It holds the schema, the number of examples of each split, and a hash of every column: of all its
values where that is cheap, else of some of them. The sizes of the files count where not all values
do; their times never count, they only help to name the file that was changed.
"""

import hashlib
import os

import numpy as np
import tensorflow as tf

from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.string_column import StringColumn, TextStream
from tfapp.errors import DataError
from tfapp.runtime.json_shape import Each
from tfapp.spec import reserved_name

_WHOLE_BYTES = 64 << 20  # of a split, up to which all values of numeric columns are hashed
_ROWS = 1 << 16  # examples whose values are hashed otherwise
_NAMED, _READ = 4096, 64  # examples in files: of so many the place is hashed, of so many the bytes
# What data.json looks like: see `runtime.json_shape`.
SHAPE = {
    "dataset": str,
    "features": Each(str),
    "label": {"name": str, "kind": str, "classes": int, "class_names": str},
    "splits": Each({"examples": int, "whole": bool, "columns": Each(str)}),
    "files": Each([int]),
}
_PLACES, _CONTENTS = reserved_name("names of the examples"), reserved_name("bytes of the examples")


def fingerprint(dataset, source):
    """Describes a raw `Source` with all its splits.

    Args:
      dataset: value of --dataset.

    Returns:
      a dict that can be written as JSON.
    """
    label = source.spec.label
    classes = hashlib.sha256("\0".join(label.class_names).encode(errors="surrogatepass"))
    return {
        "dataset": dataset,
        "features": {f.name: f"{f.kind} {f.dtype}{list(f.shape)}" for f in source.spec.features},
        "label": {
            "name": label.name,
            "kind": f"{label.kind}{list(label.shape)}",
            "classes": label.num_classes,
            "class_names": classes.hexdigest()[:16],
        },
        "splits": {name: _split(split, label.name) for name, split in source.splits.items()},
        "files": _files(source.files),
        "reading": dict(source.reading),  # for tables to predict; not compared
    }


def without_times(found):
    """What copies of the data on several machines share: a fingerprint less the files' times."""
    return {**found, "files": {name: size for name, (size, _) in found["files"].items()}}


def schema_changes(before, now):
    """How the features and the label of two fingerprints differ: a list of phrases.

    Raises:
      DataError: `before` is no fingerprint.
    """
    try:
        return [*_feature_changes(before, now), *_label_changes(before["label"], now["label"])]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"is damaged ({type(error).__name__}: {error})") from error


def content_changes(before, now):
    """How the examples of two fingerprints with one schema differ: a list of phrases.

    Raises:
      DataError: `before` is no fingerprint.
    """
    try:
        changes = _count_changes(before, now) or _column_changes(before, now)
        files = _file_changes(before["files"], now["files"], times=bool(changes))
        parts = (*before["splits"].values(), *now["splits"].values())
        return changes + files if changes or not all(part["whole"] for part in parts) else []
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"is damaged ({type(error).__name__}: {error})") from error


def _feature_changes(before, now):
    before, now = before["features"], now["features"]
    gone = [f"the feature {name!r} is gone" for name in before if name not in now]
    new = [f"the feature {name!r} is new" for name in now if name not in before]
    other = [
        f"{name!r} was {before[name]}, is {now[name]}"
        for name in before
        if name in now and before[name] != now[name]
    ]
    return gone + new + other


def _label_changes(before, now):
    words = {
        "name": "the label was {}, is {}",
        "kind": "the label's kind was {}, is {}",
        "classes": "the label had {} classes, has {}",
        "class_names": "the label's classes have other names",
    }
    changed = [key for key in words if before[key] != now[key]]
    return [words[key].format(before[key], now[key]) for key in changed[:1]]


def _count_changes(before, now):
    before, now = before["splits"], now["splits"]
    counts = {name: (before[name]["examples"], part["examples"]) for name, part in now.items()}
    return [f"{s} had {n:,} examples, has {m:,}" for s, (n, m) in counts.items() if n != m]


def _column_changes(before, now):
    changes = []
    for split, part in now["splits"].items():
        columns = before["splits"][split]["columns"]
        for name, digest in part["columns"].items():
            if columns.get(name) == digest:
                continue
            reserved = name.removeprefix(reserved_name(""))
            shown = f"the {reserved}" if name != reserved else repr(name)
            changes.append(f"{shown} of {split} changed")
    return changes


def _file_changes(before, now, times):
    """Phrases for files of other sizes and, with `times`, for those written since."""
    changes = [f"{name} is gone" for name in before if name not in now]
    for name, (size, time) in now.items():
        if name not in before:
            changes.append(f"{name} is new")
            continue
        old_size, old_time = before[name]
        if old_size != size:
            changes.append(f"{name} had {old_size:,} bytes, has {size:,}")
        elif times and old_time != time:
            changes.append(f"{name} was written since")
    return changes


def _files(paths):
    """Name below the folder that all are in -> [bytes, time of the last change]."""
    if not paths:
        return {}
    root = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    found = {}
    for path in paths:
        status = os.stat(path)
        name = os.path.relpath(os.path.abspath(path), root)
        found[name] = [status.st_size, status.st_mtime_ns]
    return found


def _split(split, label):
    count = split.num_examples
    if isinstance(split, FileSplit):
        return {"examples": count, "whole": False, "columns": _of_files(split, label)}
    columns = split.sample(_READ if split.by_example else _ROWS)
    if split.by_example:
        columns[label] = split.labels(label)
    small = split.nbytes <= _WHOLE_BYTES and not split.by_example
    strings = any(isinstance(values, StringColumn) for values in columns.values())
    return {
        "examples": count,
        "whole": small and (count <= _ROWS or not strings),
        "columns": {name: _digest_of(values, small) for name, values in columns.items()},
    }


def _digest_of(values, small):
    """A hash of a column: of all its values if it is `small`, else of some of them."""
    if isinstance(values, TextStream):
        data = values.text if small else "".join(values[:: -(-len(values) // _WHOLE_BYTES)])
        data = data.encode(errors="surrogatepass")
    elif isinstance(values, StringColumn):
        data = _of_strings(values[_evenly(len(values), _ROWS)])
    else:
        values = np.asarray(values)
        values = values if small else values[_evenly(len(values), _ROWS)]
        data = f"{values.dtype}{values.shape}".encode() + values.tobytes()
    return hashlib.sha256(data).hexdigest()[:16]


def _of_strings(column):
    """Eight bytes an example, whatever the order of the distinct values is."""
    used = np.flatnonzero(column.counts())
    hashes = np.zeros((len(column.values), 8), np.uint8)
    for code in used.tolist():
        text = str(column.values[code]).encode(errors="surrogatepass")
        hashes[code] = np.frombuffer(hashlib.sha256(text).digest()[:8], np.uint8)
    return column.map(hashes).tobytes()


def _of_files(split, label):
    """Hashes of the labels, of where examples are, and of the bytes of some of them."""
    places, contents = hashlib.sha256(), hashlib.sha256()
    for index in _evenly(split.num_examples, _NAMED):
        places.update(os.fsencode(os.path.basename(split.name_of(index))) + b"\0")
    for index in _evenly(split.num_examples, _READ):
        contents.update(hashlib.sha256(_content(split.reader, split.rows[index])).digest())
    return {
        label: _digest_of(split.labels(label), small=True),
        _PLACES: places.hexdigest()[:16],
        _CONTENTS: contents.hexdigest()[:16],
    }


def _content(reader, row):
    try:
        return reader.content(int(row))
    except (OSError, tf.errors.OpError):
        return b"cannot be read"


def _evenly(count, most):
    """At most `most` indices below `count`, evenly spread."""
    most = min(count, most)
    return np.arange(most) * count // max(most, 1)
