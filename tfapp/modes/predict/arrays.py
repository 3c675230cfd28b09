"""Arrays of an .npz file as the named inputs of a model."""

import numpy as np
import tensorflow as tf

from tfapp.errors import DataError
from tfapp.modes.predict import kept
from tfapp.modes.predict.stream import InputStream, Piece
from tfapp.runtime.npz_files import BadArchive, StreamedArrays
from tfapp.runtime.regular_files import open_regular

_BYTES, _ROWS = 4 << 20, 8192  # of a piece, at most


class ArrayStream(InputStream):
    """An .npz file."""

    def __init__(self, path, signature, keep):
        """Raises UsageError or DataError: see `open_input`."""
        self._path, self._signature, self.files = path, signature, [path]
        with self._opened() as found:
            shapes = found.shapes
        self._keys = self._find_keys(shapes)
        lengths = {shapes[key][:1] for key in self._keys.values()}
        if len(lengths) > 1 or lengths & {(), (0,)}:
            raise DataError(f"--input={path}: arrays must have the same length above 0")
        ((self.total,),) = lengths
        columns = [name for name, shape in shapes.items() if shape[:1] == (self.total,)]
        self.kept = tuple(kept.choose(keep, columns, list(self._keys.values()), path))

    def _find_keys(self, shapes):
        """Feature -> name of its array."""
        if len(self._signature) == 1 and len(shapes) == 1:
            return {next(iter(self._signature)): next(iter(shapes))}
        for name in self._signature:
            if name not in shapes:
                raise DataError(f"--input={self._path}: no array {name}; it holds "
                                f"{', '.join(shapes)}")  # fmt: skip
        return {name: name for name in self._signature}

    def pieces(self, start):
        """See `InputStream`."""
        names = dict.fromkeys((*self._keys.values(), *self.kept))
        with self._opened() as found:
            size = max(sum(found.row_bytes(name) for name in names), 1)
            step = min(max(_BYTES // size, 1), _ROWS)
            for first in range(0, self.total, step):
                count = min(step, self.total - first)
                rows = {name: found.read(name, count) for name in names}
                skipped = max(start - first, 0)
                if skipped < count:
                    yield self._piece(rows, first, count).rows(skipped, count)

    def _piece(self, rows, first, count):
        features = {
            name: as_feature(f"--input={self._path}, {key}", rows[key], self._signature[name])
            for name, key in self._keys.items()
        }
        names = [str(first + i) for i in range(count)]
        return Piece(names, features, {name: rows[name].tolist() for name in self.kept})

    def _opened(self):
        return _Archive(self._path)


class _Archive:
    """A context manager: the `StreamedArrays` of a file, whose errors name it."""

    def __init__(self, path):
        self._path, self._file = path, None

    def __enter__(self):
        try:
            self._file = open_regular(self._path)
            return StreamedArrays(self._file)
        except (OSError, BadArchive) as error:
            self.__exit__(None, error, None)
            raise

    def __exit__(self, kind, error, trace):
        if self._file is not None:
            self._file.close()
        if isinstance(error, BadArchive):
            raise DataError(f"--input={self._path}: cannot be read as .npz: {error}") from error
        if isinstance(error, OSError):
            raise DataError(f"--input={self._path}: {error.strerror}") from error


def as_feature(where, array, spec):
    """An array [n, ...] as the model's input `spec` takes it.

    Raises:
      DataError: it does not fit; the message begins with `where`.
    """
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


def _fits(array, spec):
    return array.ndim >= 1 and tf.TensorShape(array.shape[1:]).is_compatible_with(spec.shape[1:])
