"""Reads one image of a folder's index: the reader behind folder:."""

import os
import re

import tensorflow as tf

from tfapp.data.images import decode
from tfapp.data.splits.reader import Reader


class ImageReader(Reader):
    """Rows are files of a `FolderIndex`, an example {"image": uint8 [height, width, channels]}."""

    cuts_windows = True

    def __init__(self, root, index, *, size, channels):
        self._root = os.path.abspath(root)
        self._index = index
        self.size, self.channels = size, channels
        self.example_nbytes = size[0] * size[1] * channels
        self._decode = decode.decoder(size, channels)
        self._tensors = None

    def read(self, row, seed=None):
        data = tf.io.read_file(self.path(row))
        return {"image": self._decode(data, seed)}

    def path(self, row):
        """The path of `row`, a string scalar tensor."""
        if self._tensors is None:
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = tf.constant(self._index.paths), tf.constant(self._index.offsets)
        paths, offsets = self._tensors
        name = tf.strings.substr(paths, offsets[row], offsets[row + 1] - offsets[row])
        return tf.strings.join([os.fsencode(self._root), b"/", name])

    def content(self, row):
        with open(self.where(row), "rb") as file:
            return file.read()

    def where(self, row):
        return os.path.join(self._root, self._index.path(row))

    def reason(self, row):
        return reason(self.where(row), self.size, self.channels)


def reason(path, size, channels):
    """Why the image at `path` cannot be read, in a few words."""
    if not os.path.exists(path):
        return "is not there any more"
    if not os.path.isfile(path):
        return "is no regular file"
    if not os.path.getsize(path):
        return "is empty"
    try:
        decode.decode(tf.io.read_file(os.fsencode(path)), size, channels)
    except tf.errors.OpError as error:
        return in_words(error)
    except UnicodeDecodeError:  # TensorFlow's message quotes bytes of the file
        return "cannot be decoded"
    return "could not be read at first, but can be now"


def _claimed(text):
    """The size in the message of a failed check, such as "60000x60000"."""
    found = re.search(r"claims\W+(-?\d+)\D+?(-?\d+)", text)
    return "x".join(found.groups()) if found else "too many"


def in_words(error):
    """An OpError from `decode` or the file system in a few plain words."""
    text = " ".join(str(error.message).split())
    if "claims" in text:
        return f"claims {_claimed(text)} pixels; at most {decode.MOST_PIXELS:,} are decoded"
    for sign, words in (
        ("too large frames", "is a GIF whose frames claim more pixels than are decoded"),
        ("is none of", "is none of JPEG, PNG, GIF and BMP"),
        ("out of range", "is cut short within its header"),
        ("unusual form", "is a compressed BMP or one of 16 bits, not supported: save it as PNG"),
        ("Permission denied", "may not be read (permission denied)"),
        ("Invalid JPEG", "is a damaged or truncated JPEG"),
        ("PNG", "is a damaged or truncated PNG"),
        ("GIF", "is a damaged or truncated GIF"),
    ):
        if sign in text:
            return words
    return f"cannot be decoded ({text[:120]})"
