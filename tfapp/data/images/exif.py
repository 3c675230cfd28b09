"""The EXIF orientation of a JPEG, read and applied with TensorFlow operations.

CIPA DC-008 (Exif 2.32), tag 0x0112: 1 is upright, 2 to 4 are mirrored or upside down, 5 to 8 are
sideways. Anything malformed counts as upright: an image is not rejected for its metadata.
"""

import tensorflow as tf

_HEAD = 64  # bytes within which the EXIF segment begins, if there is one
_REACH = 2048  # bytes of it that are read; the first directory is at its beginning
_TAG = 0x0112


def is_there(data):
    """True if a JPEG has EXIF where nearly all have it: first, or after a plain JFIF segment."""
    first, second = (tf.strings.substr(data, place, 4) for place in (6, 24))
    return (first == b"Exif") | (second == b"Exif")


def orientation(data):
    """1 to 8, int32 scalar, of the JPEG file in the string scalar `data`."""
    length = tf.strings.length(data)
    head = _bytes(data, 0, tf.minimum(_HEAD, length), _HEAD)
    # EXIF is the first segment, or follows that of JFIF, whose header holds its length.
    after = tf.where(head[3] == 0xE0, 4 + head[4] * 256 + head[5], 2)
    after = tf.minimum(after, _HEAD - 10)
    word = tf.gather(head, after + tf.range(10))
    found = tf.reduce_all(tf.gather(word, [1, 4, 5, 6, 7]) == [0xE1, *b"Exif"])

    def read():
        start = after + 10
        size = tf.clip_by_value(length - start, 0, _REACH)
        return _from_tiff(_bytes(data, tf.minimum(start, length), size, _REACH))

    return tf.cond(found, read, lambda: tf.constant(1))


def upright(pixels, orientation):
    """Rotates and mirrors stored pixels [h, w, c] so that they are upright."""

    def turned():
        def when(cases, change, image):
            hit = tf.reduce_any(orientation == tf.constant(cases))
            return tf.cond(hit, lambda: change(image), lambda: image)

        image = when((5, 6, 7, 8), lambda i: tf.transpose(i, (1, 0, 2)), pixels)
        image = when((2, 3, 6, 7), lambda i: tf.reverse(i, [1]), image)
        return when((3, 4, 7, 8), lambda i: tf.reverse(i, [0]), image)

    return tf.cond(orientation > 1, turned, lambda: pixels)


def _bytes(data, start, size, width):
    """int32 [width]: `size` bytes from `start`, then zeros."""
    raw = tf.io.decode_raw(tf.strings.substr(data, start, size), tf.uint8)
    return tf.ensure_shape(tf.pad(tf.cast(raw, tf.int32), [[0, width - tf.shape(raw)[0]]]), [width])


def _from_tiff(tiff):
    """The orientation in the TIFF block `tiff`, int32 [_REACH]."""
    little = tiff[0] == ord("I")

    def short(at):
        low = tf.gather(tiff, tf.clip_by_value(at, 0, _REACH - 1))
        high = tf.gather(tiff, tf.clip_by_value(at + 1, 0, _REACH - 1))
        return tf.where(little, low + 256 * high, 256 * low + high)

    # The offset has four bytes; a directory beyond the reach is ignored.
    first = tf.where(little, short(4), short(6))
    entries = first + 2 + 12 * tf.range(_REACH // 12)
    valid = (tf.range(_REACH // 12) < short(first)) & (entries < _REACH - 12)
    values = tf.where(valid & (short(entries) == _TAG), short(entries + 8), 0)
    value = tf.reduce_max(values)
    return tf.where((value >= 1) & (value <= 8), value, 1)
