"""BMP files whose pixels are indices into a colour table: 1, 4 or 8 bits a pixel, uncompressed.

TensorFlow decodes those of 24 and 32 bits only; most grey images are stored in this form.
https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-bitmapinfoheader
"""

import tensorflow as tf

from tfapp.data.images.byte_fields import number

_FILE_HEADER = 14  # bytes before the header that begins with its own length


def bits_of(data):
    """Bits a pixel; 0 if the file is compressed."""
    bits, compression = number(data, 28, 2, "little"), number(data, 30, 4, "little")
    return tf.where((bits > 8) | (compression == 0), bits, 0)


def with_colour_table(data, height, width):
    """Decodes a file with 1, 4 or 8 bits a pixel.

    Args:
      data: string scalar, the file's bytes.
      height, width: int32 scalars from the file's header, already checked; `height` unsigned.

    Returns:
      uint8 [height, width, 3]. The operation fails for data that is damaged.
    """
    bits = tf.cast(number(data, 28, 2, "little"), tf.int32)
    begin = tf.cast(number(data, 10, 4, "little"), tf.int32)  # of the pixels
    stride = (width * bits + 31) // 32 * 4  # of a row, a multiple of four bytes
    rows = tf.io.decode_raw(tf.strings.substr(data, begin, stride * height), tf.uint8)
    rows = tf.reshape(rows, (height, stride, 1))
    shifts = tf.cast(8 - bits * (tf.range(8 // bits) + 1), tf.uint8)  # the first is the highest
    mask = tf.cast(tf.bitwise.left_shift(1, bits) - 1, tf.uint8)
    indices = tf.bitwise.bitwise_and(tf.bitwise.right_shift(rows, shifts), mask)
    indices = tf.reshape(indices, (height, -1))[:, :width]
    pixels = tf.gather(_colours(data, begin), tf.cast(indices, tf.int32))
    downwards = number(data, 25, 1, "little") >= 128  # a negative height
    return tf.cond(downwards, lambda: pixels, lambda: tf.reverse(pixels, [0]))


def _colours(data, end):
    """uint8 [colours, 3], red first, of the table between the headers and `end`."""
    begin = _FILE_HEADER + tf.cast(number(data, _FILE_HEADER, 4, "little"), tf.int32)
    size = (end - begin) // 4 * 4
    table = tf.io.decode_raw(tf.strings.substr(data, begin, size), tf.uint8)
    return tf.reshape(table, (-1, 4))[:, 2::-1]
