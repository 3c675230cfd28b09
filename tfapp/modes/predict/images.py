"""Image files: encoded ones, which the exported model decodes as in training, or pixels."""

import numpy as np
import tensorflow as tf

from tfapp.data.images.size import is_sound, shape_of
from tfapp.errors import DataError
from tfapp.modes.predict.stream import InputStream, Piece
from tfapp.runtime.file_names import shown
from tfapp.runtime.regular_files import open_regular

_FILES = 16  # of a piece


class ImageStream(InputStream):
    """Files of images."""

    def __init__(self, files, name, spec=None):
        """
        Args:
          files: their paths.
          name: of the model's input.
          spec: its tf.TensorSpec [None, height, width, channels], to which images are decoded and
            resized; None: the model takes encoded ones.
        """
        self.files, self.total, self.encoded = files, len(files), spec is None
        self._name, self._spec = name, spec

    def pieces(self, start):
        """See `InputStream`."""
        for first in range(start, len(self.files), _FILES):
            files = self.files[first : first + _FILES]
            data = [_read(path) for path in files]
            if self.encoded:
                images = np.empty(len(data), object)
                images[:] = data
            else:
                images = np.stack(
                    [_decoded(*pair, self._spec) for pair in zip(files, data, strict=True)]
                )
            yield Piece([shown(path) for path in files], {self._name: images}, {})


def _read(path):
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot be read as an image: {error.strerror}") from error


def _decoded(path, data, spec):
    """One image, uint8, resized to the model's input and cast to its dtype."""
    _, height, width, channels = spec.shape
    try:
        _check_size(data)
        image = tf.io.decode_image(data, channels=channels, expand_animations=False)
    except (tf.errors.OpError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise DataError(f"{path}: cannot be read as an image ({reason})") from error
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
