"""The size that images are resized to: that of --image_size, or what the files suggest."""

import collections
import logging
import os

import numpy as np
import tensorflow as tf

from tfapp.data.images import exif
from tfapp.data.images.decode import MOST_PIXELS
from tfapp.errors import UsageError
from tfapp.flag_values import whole_number

_LOG = logging.getLogger("tfapp")
_SAMPLE = 64  # files whose headers are read
_LARGEST = 224  # pixels a side that are chosen at most: what most published models take


def choose_size(image_size, num_images, read):
    """Returns ((height, width), channels).

    Args:
      image_size: "SIDE" or "HEIGHTxWIDTH"; empty: decided here.
      num_images: of train.
      read: (row) -> the bytes of an image of train, or its path.

    Raises:
      UsageError: an `image_size` of another form.
    """
    count = min(_SAMPLE, num_images)
    rows = np.arange(count) * num_images // count
    shapes = [shape for row in rows if (shape := shape_of(read(int(row))))]
    shapes = [shape for shape in shapes if is_sound(*shape[:2])]
    channels = 1 if shapes and all(c in (1, 2) for _, _, c in shapes) else 3
    sizes = collections.Counter((h, w) for h, w, _ in shapes)
    if image_size:
        size, why = parse_size(image_size), "from --image_size"
    else:
        size, why = _suggested(sizes)
    how = (
        "as they are"
        if set(sizes) == {size}
        else ("resized with the aspect kept, then cropped at the centre")
    )
    _LOG.info("images: %dx%dx%d (%s), %s", *size, channels, why, how)
    return size, channels


def parse_size(text):
    """(height, width) of "SIDE" or "HEIGHTxWIDTH". Raises UsageError."""
    parts = text.split("x")
    sides = [whole_number(part) or 0 for part in parts]
    if len(parts) > 2 or not all(0 < side <= 8192 for side in sides):
        raise UsageError(f"--image_size={text}: write it as 224 or 240x320 (height x width)")
    return sides[0], sides[-1]


def _suggested(sizes):
    if not sizes:
        return (_LARGEST, _LARGEST), "the default"
    (size, count), total = sizes.most_common(1)[0], sum(sizes.values())
    if max(size) <= _LARGEST and count >= 0.9 * total:
        return size, f"the size of {count} of {total} files looked at"
    side = int(np.median([min(s) for s in sizes.elements()]))
    if side < _LARGEST:
        return (side, side), f"the median of the shorter sides of {total} files looked at"
    return (_LARGEST, _LARGEST), "the default for larger files"


def _content(path):
    return tf.io.read_file(os.fsencode(path))  # which need not be UTF-8


def is_sound(height, width):
    """Whether an image whose header claims this size is decoded."""
    return height > 0 and width > 0 and height * width <= MOST_PIXELS


def shape_of(image):
    """(height, width, channels) from the header of an image, its bytes or its path, upright.

    None if it cannot be read.
    """
    try:
        data = _content(image) if isinstance(image, str) else tf.constant(image)
        start = data.numpy()[:30]
        if start.startswith(b"\xff\xd8"):
            height, width, channels = (int(v) for v in tf.io.extract_jpeg_shape(data))
            sideways = int(exif.orientation(data)) >= 5
            return (width, height, channels) if sideways else (height, width, channels)
    except (tf.errors.OpError, UnicodeDecodeError):  # whose message quotes bytes of the file
        return None
    if start.startswith(b"\x89PNG") and len(start) > 25:
        width, height = (int.from_bytes(start[i : i + 4], "big") for i in (16, 20))
        return height, width, {0: 1, 4: 2, 6: 4}.get(start[25], 3)
    if start.startswith(b"GIF8"):
        width, height = (int.from_bytes(start[i : i + 2], "little") for i in (6, 8))
        return height, width, 3
    if start.startswith(b"BM") and len(start) > 26:
        width, height = (int.from_bytes(start[i : i + 4], "little", signed=True) for i in (18, 22))
        return abs(height), width, 3
    return None
