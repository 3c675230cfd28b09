"""Writes --output: .jsonl, .csv or .npz, to a temporary file that is then renamed."""

import csv
import io
import json
import os
import pathlib

import numpy as np

from tfapp.errors import StorageError, UsageError
from tfapp.runtime import storage
from tfapp.runtime.atomic_files import write_bytes

_FORMS = (".jsonl", ".csv", ".npz")


def check_output(path):
    """Checks --output before anything is computed. Raises UsageError or StorageError."""
    path = pathlib.Path(path)
    if path.suffix not in _FORMS:
        raise UsageError(f"--output={path}: must end in one of {', '.join(_FORMS)}")
    if path.exists():
        raise UsageError(f"--output={path}: exists already; name another file")
    if not path.parent.is_dir():
        raise StorageError(f"--output={path}: folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"--output={path}: folder {path.parent} cannot be written")


def write_output(path, names, answers):
    """Writes one row per example.

    Args:
      path: --output.
      names: one per example.
      answers: name -> array [n, ...].
    """
    make = {".jsonl": _jsonl, ".csv": _csv, ".npz": _npz}[pathlib.Path(path).suffix]
    try:
        write_bytes(path, make(names, answers))
    except OSError as error:
        reason = storage.describe(error, path) or error.strerror
        raise StorageError(f"--output={path}: {reason}") from error


def _jsonl(names, answers):
    columns = {name: _plain(values) for name, values in answers.items()}
    rows = (
        json.dumps({"input": name, **{k: v[i] for k, v in columns.items()}})
        for i, name in enumerate(names)
    )
    return "".join(f"{row}\n" for row in rows).encode()


def _csv(names, answers):
    header, columns = ["input"], [list(names)]
    for name, values in answers.items():
        flat = values.reshape(len(values), -1)
        titles = [name] if values.ndim == 1 else [f"{name}_{i}" for i in range(flat.shape[1])]
        header.extend(titles)
        columns.extend(_plain(flat[:, i]) for i in range(flat.shape[1]))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _npz(names, answers):
    buffer = io.BytesIO()
    arrays = {k: np.array(_plain(v)) if v.dtype == object else v for k, v in answers.items()}
    np.savez_compressed(buffer, input=np.array(names), **arrays)
    return buffer.getvalue()


def _plain(values):
    """Nested lists of Python numbers and strings; TensorFlow's strings are bytes."""
    if values.dtype == object:
        return [v.decode("utf-8", "replace") for v in values.tolist()]
    return values.tolist()
