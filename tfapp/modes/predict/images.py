"""Answers for image files, which the exported model decodes as in training."""

import numpy as np
import tensorflow as tf

from tfapp.data.images.reader import in_words
from tfapp.errors import DataError
from tfapp.runtime.file_names import shown
from tfapp.runtime.regular_files import open_regular

_REFUSED = (tf.errors.OpError, UnicodeDecodeError)  # a message that quotes bytes of the file
_BATCH = 64  # files in memory at a time


def answer_files(model, files):
    """Answers every file.

    Args:
      model: a `ServedModel` that takes encoded images.
      files: paths.

    Returns:
      (names, answers): one name per file, and name -> array [n, ...].

    Raises:
      DataError: a file cannot be read or decoded.
    """
    parts = []
    for start in range(0, len(files), _BATCH):
        piece = files[start : start + _BATCH]
        data = [_read(path) for path in piece]
        try:
            parts.append(model.answer_bytes(data))
        except _REFUSED:
            _raise_for_bad_file(model, piece, data)
            raise
    return list(map(shown, files)), {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def _read(path):
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot be read as an image: {error.strerror}") from error


def _raise_for_bad_file(model, files, data):
    for path, content in zip(files, data, strict=True):
        try:
            model.answer_bytes([content])
        except _REFUSED as error:
            reason = in_words(error) if isinstance(error, tf.errors.OpError) else "is damaged"
            reason = reason if content else "is empty"
            raise DataError(f"{path}: cannot be read as an image: {reason}") from error
