"""Reads --input: a table (.csv, .parquet, .jsonl), texts (.txt, one per line), arrays (.npz), an
image, a folder of images, or a .txt that lists images.
"""

import json
import pathlib

import numpy as np
import tensorflow as tf

from tfapp.errors import DataError, UsageError
from tfapp.modes.predict import tables

_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


def read_inputs(path, signature, csv):
    """Reads `path` for a model with the given inputs.

    Args:
      path: --input.
      signature: feature -> tf.TensorSpec [None, ...], as `ServedModel.inputs`.
      csv: a `CsvReader`, for a CSV.

    Returns:
      (names, features): one name per example, and feature -> array [n, ...].

    Raises:
      UsageError: the format is not supported.
      DataError: the file cannot be read or does not fit the model.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise DataError(f"--input={path}: does not exist")
    if path.suffix == ".npz":
        return _from_npz(path, signature)
    if path.suffix == ".jsonl":
        return _from_jsonl(path, signature)
    if path.name.endswith(tables.ENDINGS):
        return tables.from_table(path, signature, csv)
    if path.suffix == ".txt" and tables.takes_one_text(signature):
        return tables.from_lines(path, _read_text(path), signature)
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
    return [str(f) for f in files], {name: np.stack([_read_image(f, spec) for f in files])}


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
        image = tf.io.decode_image(
            tf.io.read_file(str(path)), channels=channels, expand_animations=False
        )
    except (tf.errors.OpError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as an image ({_first_line(error)})") from error
    if image.shape[:2] != (height, width):
        image = tf.round(tf.image.resize(image, (height, width), antialias=True))
    return tf.cast(image, spec.dtype).numpy()


def _from_npz(path, signature):
    try:
        # np.load(path) would leave a damaged file open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = dict(found)
    except Exception as error:  # zipfile, NumPy and the file system raise errors of their own
        raise DataError(f"--input={path}: cannot be read as .npz ({_first_line(error)})") from error
    features = {}
    for name, spec in signature.items():
        alone = len(signature) == 1 and len(arrays) == 1
        key = next(iter(arrays)) if alone else name
        if key not in arrays:
            raise DataError(f"--input={path}: no array {name}; it holds {', '.join(arrays)}")
        features[name] = _as_feature(f"--input={path}, {key}", arrays[key], spec)
    lengths = {len(a) for a in features.values()}
    if len(lengths) > 1 or 0 in lengths:
        raise DataError(f"--input={path}: arrays must have the same length above 0")
    return [str(i) for i in range(lengths.pop())], features


def _from_jsonl(path, signature):
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
    return [where.rpartition(" ")[2] for where in rows], features


def _json_rows(path):
    """Location of a line, as messages name it -> its value."""
    rows = {}
    for number, line in enumerate(_read_text(path).splitlines(), 1):
        where = f"{path}, line {number}"
        if line.strip():
            try:
                rows[where] = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{where}: is not JSON ({error})") from error
    if not rows:
        raise DataError(f"--input={path}: is empty")
    return rows


def _read_text(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"--input={path}: is not UTF-8 text") from error
    except IsADirectoryError as error:
        raise DataError(f"--input={path}: is a folder") from error


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
