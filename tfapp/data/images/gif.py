"""The sizes of the frames of a GIF, read with TensorFlow operations.

The size in a GIF's header is that of its canvas. Each frame has a size of its own, and the decoder
unpacks all of them. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

import tensorflow as tf

_HEADER = 13  # bytes before the table of colours
_FRAME, _EXTENSION = 0x2C, 0x21  # first bytes of blocks
_FRAME_HEADER, _EXTENSION_HEADER = 10, 2  # bytes
# Pixels that a byte can unpack to: codes have up to 12 bits, and stand for up to 4,095 pixels.
MOST_FROM_A_BYTE = 2731


def frames(data):
    """(pixels of the largest frame, pixels of all frames), int64 scalars.

    Args:
      data: string scalar, the file's bytes. Reading ends where they make no sense.
    """
    raw = tf.cast(tf.io.decode_raw(data, tf.uint8), tf.int64)
    end = tf.size(raw, tf.int64)

    def byte(at):
        return raw[tf.clip_by_value(at, 0, end - 1)]

    def short(at):
        return byte(at) + 256 * byte(at + 1)

    def table(flags):
        return tf.where(
            flags >= 128, 3 * tf.bitwise.left_shift(tf.constant(2, tf.int64), flags % 8), 0
        )

    def body(at, in_data, largest, total):
        first = byte(at)
        is_frame = ~in_data & (first == _FRAME)
        pixels = tf.where(is_frame, short(at + 5) * short(at + 7), 0)
        frame = _FRAME_HEADER + table(byte(at + 9)) + 1  # one byte for the size of the first code
        header = tf.where(is_frame, frame, _EXTENSION_HEADER)
        following = at + tf.where(in_data, first + 1, header)
        known = in_data | is_frame | (first == _EXTENSION)
        return (
            tf.where(known, following, end),
            ~in_data | (first > 0),  # data ends with a block of no bytes
            tf.maximum(largest, pixels),
            total + pixels,
        )

    zero = tf.zeros([], tf.int64)
    _, _, largest, total = tf.while_loop(
        lambda at, *_: at < end,
        body,
        (_HEADER + table(byte(tf.constant(10, tf.int64))), tf.constant(False), zero, zero),
    )
    return largest, total
