"""Reads --input: a table (.csv, .parquet, .jsonl), texts (.txt, one per line), arrays (.npz), an
image, a folder of images, or a .txt that lists images.
"""

import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfapp.data.images.size import is_sound, shape_of
from tfapp.data.tables import json_lines
from tfapp.errors import DataError, UsageError
from tfapp.modes.predict import kept, tables
from tfapp.runtime.file_names import shown
from tfapp.runtime.npz_files import BadArchive, read_arrays
from tfapp.runtime.regular_files import open_regular

_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


class Inputs(NamedTuple):
    """What --input holds."""

    names: list[str]  # one per example: its file, or its number
    features: dict[str, np.ndarray]  # feature -> [n, ...]
    kept: dict[str, list]  # column that is copied to the output -> its n values


def read_inputs(path, signature, csv, keep=()):
    """Reads `path` for a model with the given inputs.

    Args:
      path: --input.
      signature: feature -> tf.TensorSpec [None, ...], as `ServedModel.inputs`.
      csv: a `CsvReader`, for a CSV.
      keep: --keep_columns.

    Returns:
      `Inputs`.

    Raises:
      UsageError: the format is not supported, or has no such column to keep.
      DataError: the file cannot be read or does not fit the model.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise DataError(f"--input={path}: does not exist")
    if path.suffix == ".npz":
        return Inputs(*_from_npz(path, signature, keep))
    if path.suffix == ".jsonl":
        return Inputs(*_from_jsonl(path, signature, keep))
    if path.name.endswith(tables.ENDINGS):
        return Inputs(*tables.from_table(path, signature, csv, keep))
    kept.check_none(keep, path)
    if path.suffix == ".txt" and tables.takes_one_text(signature):
        return Inputs(*tables.from_lines(path, _read_text(path), signature), {})
    files = _image_files(path)
    if len(signature) != 1:
        raise UsageError(
            f"--input={path}: the model takes {', '.join(signature)}; use .csv, .parquet, "
            ".npz or .jsonl"
        )
    name, spec = next(iter(signature.items()))
    if len(spec.shape) != 4:
        raise UsageError(
            f"--input={path}: is read as images, but the model takes {name} {spec.shape[1:]}"
        )
    images = np.stack([_read_image(f, spec) for f in files])
    return Inputs([shown(f) for f in files], {name: images}, {})


def image_files(path):
    """Paths of the images that --input refers to; None if it is not images. Raises DataError."""
    path = pathlib.Path(path)
    if not path.exists():
        raise DataError(f"--input={path}: does not exist")
    folder = path.is_dir() and path.suffix not in (".jsonl", ".npz")
    listing = folder or path.suffix.lower() in _IMAGES
    if not listing and path.suffix == ".txt":
        first = next((line for line in _read_text(path).splitlines() if line.strip()), "")
        listing = pathlib.Path(first.strip()).suffix.lower() in _IMAGES
    return _image_files(path) if listing else None


def _image_files(path):
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in _IMAGES)
    elif path.suffix.lower() in _IMAGES:
        files = [path]
    elif path.suffix == ".txt":
        lines = [line.strip() for line in _read_text(path).splitlines()]
        files = [path.parent / line for line in lines if line]
    else:
        raise UsageError(
            f"--input={path}: use .csv, .parquet, .npz, .jsonl, an image ({', '.join(_IMAGES)}), "
            "a folder of images, or a .txt that lists them"
        )
    if not files:
        raise DataError(f"--input={path}: holds no images ({', '.join(_IMAGES)})")
    return files


def _read_image(path, spec):
    """One image, uint8, resized to the model's input and cast to its dtype."""
    _, height, width, channels = spec.shape
    try:
        with open_regular(path) as file:
            data = file.read()
        _check_size(data)
        image = tf.io.decode_image(data, channels=channels, expand_animations=False)
    except (tf.errors.OpError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_first_line(error)})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read as an image: {error.strerror}") from error
    if image.shape[:2] != (height, width):
        image = tf.round(tf.image.resize(image, (height, width), antialias=True))
    return tf.cast(image, spec.dtype).numpy()


def _check_size(data):
    """Raises ValueError unless an image claims a size that is decoded."""
    shape = shape_of(data)
    if shape is None:
        raise ValueError("is none of JPEG, PNG, GIF and BMP")
    if not is_sound(*shape[:2]):
        raise ValueError(f"claims {shape[0]}x{shape[1]} pixels")


def _from_npz(path, signature, keep):
    try:
        with open_regular(path) as file:
            arrays = read_arrays(file)
    except OSError as error:
        raise DataError(f"--input={path}: {error.strerror}") from error
    except BadArchive as error:
        raise DataError(f"--input={path}: cannot be read as .npz: {error}") from error
    features, keys = {}, []
    for name, spec in signature.items():
        alone = len(signature) == 1 and len(arrays) == 1
        key = next(iter(arrays)) if alone else name
        keys.append(key)
        if key not in arrays:
            raise DataError(f"--input={path}: no array {name}; it holds {', '.join(arrays)}")
        features[name] = _as_feature(f"--input={path}, {key}", arrays[key], spec)
    lengths = {len(a) for a in features.values()}
    if len(lengths) > 1 or 0 in lengths:
        raise DataError(f"--input={path}: arrays must have the same length above 0")
    count = lengths.pop()
    columns = [name for name, array in arrays.items() if array.shape[:1] == (count,)]
    chosen = kept.choose(keep, columns, keys, path)
    return [str(i) for i in range(count)], features, {n: arrays[n].tolist() for n in chosen}


def _from_jsonl(path, signature, keep):
    rows = _json_rows(path)
    features = {}
    for name, spec in signature.items():
        for where, row in rows.items():
            if not isinstance(row, dict) or name not in row:
                raise DataError(f'{where}: has no "{name}"')
        values = {f"{where}, {name}": row[name] for where, row in rows.items()}
        if tables.is_scalar(spec):
            features[name] = tables.json_column(values, spec)
        else:
            features[name] = np.stack([_one(where, v, spec) for where, v in values.items()])
    columns = dict.fromkeys(name for row in rows.values() for name in row)
    chosen = kept.choose(keep, list(columns), signature, path)
    names = [where.rpartition(" ")[2] for where in rows]
    return names, features, {n: [row.get(n) for row in rows.values()] for n in chosen}


def _json_rows(path):
    """Location of a line, as messages name it -> its value."""
    rows = {}
    for number, line in enumerate(_read_text(path).splitlines(), 1):
        where = f"{path}, line {number}"
        if line.strip():
            try:
                rows[where] = json_lines.parse(line)
            except ValueError as error:
                raise DataError(f"{where}: {error}") from error
    if not rows:
        raise DataError(f"--input={path}: is empty")
    return rows


def _read_text(path):
    try:
        with open_regular(path) as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise DataError(f"--input={path}: is not UTF-8 text") from error
    except IsADirectoryError as error:
        raise DataError(f"--input={path}: is a folder") from error
    except OSError as error:
        raise DataError(f"--input={path}: {error.strerror}") from error


def _one(where, value, spec):
    try:
        array = np.asarray(value)[None]
    except ValueError as error:
        raise DataError(f"{where}: is ragged") from error
    return _as_feature(where, array, spec)[0]


def _fits(array, spec):
    return array.ndim >= 1 and tf.TensorShape(array.shape[1:]).is_compatible_with(spec.shape[1:])


def _as_feature(where, array, spec):
    if array.ndim == len(spec.shape) - 1 and spec.shape[-1] == 1:
        array = array[..., None]  # [height, width] for [height, width, 1]
    if spec.dtype == tf.string and array.dtype.kind in "US" and _fits(array, spec):
        return array.astype(object)
    if not _fits(array, spec):
        raise DataError(f"{where}: has shape {array.shape[1:]}, the model takes {spec.shape[1:]}")
    if array.dtype.kind not in "uifb":
        raise DataError(f"{where}: has dtype {array.dtype}; numbers are needed")
    wanted = spec.dtype.as_numpy_dtype
    with np.errstate(invalid="ignore"):  # NaN has no integer: found by the comparison below
        converted = array.astype(wanted)
    if np.issubdtype(wanted, np.integer) and not np.array_equal(converted, array):
        raise DataError(f"{where}: holds values that are not {np.dtype(wanted).name}")
    return converted


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0][:120]
