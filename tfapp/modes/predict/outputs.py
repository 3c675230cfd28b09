"""Writes --output: .jsonl, .csv or .npz, to a temporary file that is then renamed."""

import csv
import io
import json
import os
import pathlib
import zipfile

import numpy as np

from tfapp.errors import StorageError, UsageError
from tfapp.runtime import storage, strict_json
from tfapp.runtime.atomic_files import write_new

INPUT, PROBABILITIES = "input", "probabilities"
_FORMS = (".jsonl", ".csv", ".npz")


def check_output(path):
    """Checks --output before anything is computed. Raises UsageError or StorageError."""
    path = pathlib.Path(path)
    if path.suffix not in _FORMS:
        raise UsageError(f"--output={path}: must end in one of {', '.join(_FORMS)}")
    if path.exists() or path.is_symlink():
        raise UsageError(f"--output={path}: exists already; name another file")
    if not path.parent.is_dir():
        raise StorageError(f"--output={path}: folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"--output={path}: folder {path.parent} cannot be written")


def titles(widths, class_names):
    """Every name that the columns of a CSV may have: name of an answer -> names of its columns.

    Args:
      widths: name of an answer -> how many values it has an example; None: one.
      class_names: in the order of the probabilities; empty: not known.
    """
    names = {INPUT: [INPUT]}
    for name, width in widths.items():
        names[name] = [name] if width is None else [f"{name}_{i}" for i in range(width)]
        if name == PROBABILITIES and width and width == len(class_names):
            names[name] = [f"probability_{c}" for c in class_names]
    return names


def write_output(path, names, kept, answers, class_names):
    """Writes one row per example.

    Args:
      path: --output.
      names: one per example.
      kept: column of the input -> its n values.
      answers: name -> array [n, ...].
      class_names: see `titles`.

    Raises:
      UsageError: a file of this name has appeared meanwhile.
      StorageError: it cannot be written.
    """
    make = {".jsonl": _jsonl, ".csv": _csv, ".npz": _npz}[pathlib.Path(path).suffix]
    try:
        write_new(path, make(names, kept, answers, class_names))
    except FileExistsError as error:
        raise UsageError(f"--output={path}: exists already; name another file") from error
    except OSError as error:
        reason = storage.describe(error, path) or error.strerror
        raise StorageError(f"--output={path}: {reason}") from error


def _jsonl(names, kept, answers, class_names):
    columns = {name: _plain(values) for name, values in answers.items()}
    probabilities = answers.get(PROBABILITIES)
    if class_names and probabilities is not None and probabilities.shape[1:] == (len(class_names),):
        rows = columns[PROBABILITIES]
        columns[PROBABILITIES] = [dict(zip(class_names, row, strict=True)) for row in rows]
    columns = {INPUT: names, **kept, **columns}
    rows = (
        strict_json.dumps(dict(zip(columns, row, strict=True)), default=str)
        for row in zip(*columns.values(), strict=True)
    )
    return "".join(f"{row}\n" for row in rows).encode()


def _csv(names, kept, answers, class_names):
    columns = {INPUT: list(names), **{name: map(_cell, kept[name]) for name in kept}}
    flat = {name: values.reshape(len(values), -1) for name, values in answers.items()}
    widths = {name: v.shape[1] if answers[name].ndim > 1 else None for name, v in flat.items()}
    headers = titles(widths, class_names)
    for name, values in flat.items():
        for i, title in enumerate(headers[name]):
            columns[title] = _plain(values[:, i])
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _npz(names, kept, answers, class_names):
    del class_names  # the order of the classes is that of class_id
    buffer = io.BytesIO()
    arrays = {k: np.array(_plain(v)) if v.dtype == object else v for k, v in answers.items()}
    columns = {name: _array(values) for name, values in kept.items()}
    # Names that are arguments of the function, such as "file", cannot be passed by keyword.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {INPUT: np.array(names), **columns, **arrays}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def _cell(value):
    """A value of a kept column in a CSV."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    return "" if value is None else value


def _array(values):
    """A kept column as numbers if it holds nothing else, else as text."""
    array = np.array([_cell(value) for value in values])
    return array if array.dtype.kind in "biuf" else array.astype(str)


def _plain(values):
    """Nested lists of Python numbers and strings; TensorFlow's strings are bytes."""
    if values.dtype == object:
        return [v.decode("utf-8", "replace") for v in values.tolist()]
    return values.tolist()
