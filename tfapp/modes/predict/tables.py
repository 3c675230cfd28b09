"""Rows of a table, or lines of a text, as the named inputs of a model."""

import numpy as np
import tensorflow as tf

from tfapp.data.tables import columns
from tfapp.data.tables.part import Part
from tfapp.data.tables.read_csv import CsvReader
from tfapp.data.tables.read_parquet import ParquetReader
from tfapp.errors import DataError, UsageError
from tfapp.modes.predict import kept

ENDINGS = (*CsvReader.ENDINGS, *ParquetReader.ENDINGS)


def takes_one_text(signature):
    """True if the model's only input is one string per example."""
    specs = list(signature.values())
    return len(specs) == 1 and is_scalar(specs[0]) and specs[0].dtype == tf.string


def is_scalar(spec):
    """True if the input has one value per example: a column of a table."""
    return spec.shape.rank == 1


def from_table(path, signature, csv, keep):
    """(names, features, kept) of a .csv or .parquet; see `inputs.Inputs`.

    Raises:
      UsageError: an input of the model is not a column, or one to keep does not exist.
      DataError: the file cannot be read, lacks a column, or has a malformed row.
    """
    other = [name for name, spec in signature.items() if not is_scalar(spec)]
    if other:
        raise UsageError(
            f"--input={path}: the model takes {other[0]}, which is not a column; use .npz"
        )
    reader = csv if path.name.endswith(csv.ENDINGS) else ParquetReader()
    part = Part([path], reader)
    part.read_numbers(part.find_forms(reader.decimal_of))
    for row, reason in part.malformed.items():
        raise DataError(f"{row}: {reason}")
    features = {}
    for name, spec in signature.items():
        if name not in part.columns:
            raise DataError(
                f"--input={path}: has no column {name!r} (columns: {', '.join(part.columns)})"
            )
        features[name] = _column(part, name, spec)
    chosen = kept.choose(keep, list(part.columns), signature, path)
    return [str(i + 1) for i in range(part.num_rows)], features, _kept(path, reader, chosen)


def _kept(path, reader, names):
    """name -> values of a column as they are in the file: 007 stays 007."""
    if not names:
        return {}
    reader.keep_strings(names)
    table, _ = reader.read(path)
    return {name: table[name].to_pylist() for name in names}


def _column(part, name, spec):
    if spec.dtype == tf.string:
        return np.asarray(part.strings(name))
    numbers, bad = columns.as_numbers(part.columns[name])
    if bad is not None and bad.any():
        row = int(np.argmax(bad))
        value = np.asarray(part.strings(name)[row : row + 1])[0]
        raise DataError(f"{part.name_of(row)}: {name!r} is {value!r}, not a number")
    return numbers.astype(spec.dtype.as_numpy_dtype)


def from_lines(path, text, signature):
    """(names, features) of a text, one example per line; blank lines are examples too.

    Raises:
      DataError: the text is empty.
    """
    lines = text.splitlines()
    if not lines:
        raise DataError(f"--input={path}: is empty")
    return [str(i + 1) for i in range(len(lines))], {next(iter(signature)): np.array(lines, object)}


def json_column(values, spec):
    """One field of JSON objects as an array [n] for `spec`, a tf.TensorSpec [None].

    Args:
      values: location of the field, as messages name it -> string, number, boolean, or None if it
        is missing.
      spec: tf.TensorSpec of the model's input.
    """
    if spec.dtype == tf.string:
        return np.array([_text(where, value) for where, value in values.items()], object)
    for where, value in values.items():
        if value is not None and not isinstance(value, (bool, int, float)):
            raise DataError(f"{where}: {value!r} is not a number")
    numbers = {where: _float(where, value) for where, value in values.items()}
    return np.array(list(numbers.values())).astype(spec.dtype.as_numpy_dtype)


def _float(where, value):
    try:
        return np.nan if value is None else float(value)
    except OverflowError as error:
        raise DataError(f"{where}: a number of {len(str(value))} digits is too large") from error


def _text(where, value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise DataError(f"{where}: {type(value).__name__} where a string is needed")
