"""Opens --input: a table (.csv, .parquet, .jsonl), texts (.txt, one a line), arrays (.npz), an
image, a folder of images, or a .txt that lists images.
"""

import pathlib

from tfapp.errors import DataError, UsageError
from tfapp.modes.predict import kept, tables
from tfapp.modes.predict.arrays import ArrayStream
from tfapp.modes.predict.images import ImageStream
from tfapp.modes.predict.lines import JsonStream, TextStream, read_lines
from tfapp.modes.predict.tables import TableStream

_IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


def open_input(path, signature, csv, keep=(), *, takes_bytes=False):
    """Opens `path` for a model with the given inputs.

    Args:
      path: --input.
      signature: feature -> tf.TensorSpec [None, ...], as `ServedModel.inputs`.
      csv: a `CsvReader`, for a CSV.
      keep: --keep_columns.
      takes_bytes: whether the model decodes images itself.

    Returns:
      an `InputStream`.

    Raises:
      UsageError: the format is not supported, or has no such column to keep.
      DataError: the file cannot be read or does not fit the model.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise DataError(f"--input={path}: does not exist")
    if takes_bytes and _refers_to_images(path):
        kept.check_none(keep, path)
        return ImageStream(_image_files(path), next(iter(signature)))
    if path.suffix == ".npz":
        return ArrayStream(path, signature, keep)
    if path.suffix == ".jsonl":
        return JsonStream(path, signature, keep)
    if path.name.endswith(tables.ENDINGS):
        return TableStream(path, signature, csv, keep)
    kept.check_none(keep, path)
    if path.suffix == ".txt" and tables.takes_one_text(signature):
        return TextStream(path, signature)
    return _open_pixels(path, _image_files(path), signature)


def _open_pixels(path, files, signature):
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
    return ImageStream(files, name, spec)


def _refers_to_images(path):
    """Whether --input is an image, a folder, or a list whose first line names an image."""
    if path.is_dir():
        return path.suffix not in (".jsonl", ".npz")
    if path.suffix != ".txt":
        return path.suffix.lower() in _IMAGES
    first = next((line for _, line in read_lines(path) if line.strip()), "")
    return pathlib.Path(first.strip()).suffix.lower() in _IMAGES


def _image_files(path):
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in _IMAGES)
    elif path.suffix.lower() in _IMAGES:
        files = [path]
    elif path.suffix == ".txt":
        files = [path.parent / line.strip() for _, line in read_lines(path) if line.strip()]
    else:
        raise UsageError(
            f"--input={path}: use .csv, .parquet, .npz, .jsonl, an image ({', '.join(_IMAGES)}), "
            "a folder of images, or a .txt that lists them"
        )
    if not files:
        raise DataError(f"--input={path}: holds no images ({', '.join(_IMAGES)})")
    return files
