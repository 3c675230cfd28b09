"""Encoded images to pixels of one size, with TensorFlow operations: in tf.data and served models.

JPEG, PNG, GIF (the first frame) and BMP. The size in a file's header is checked before anything is
decoded. A window of the image is cut out (of a JPEG while it is decoded) and resized: the largest
centred one of the wanted aspect ratio, which equals a resize that keeps the aspect followed by a
centre crop; or a random one. A JPEG's EXIF orientation is applied, and transparent pixels are
blended onto white.
"""

import functools

import tensorflow as tf

from tfapp.data.images import bmp, exif, gif
from tfapp.data.images.byte_fields import number

MOST_PIXELS = 1 << 27  # of a file that is decoded: 134 million, 400 MB in colour
_MOST_IN_FRAMES = 4 * MOST_PIXELS  # of an animation, whose frames take a byte a pixel
_RATIOS = (1, 2, 4, 8)  # by which the decoder can downscale a JPEG
_MAGIC = (b"\x89PNG", b"GIF8", b"BM")  # first bytes of files that are no JPEG
_CROP_AREA = (0.08, 1.0)  # of a random window; both as in Szegedy et al., arXiv:1409.4842, sec. 6
_CROP_ASPECT = (3 / 4, 4 / 3)
_CROP_TRIES = 10
_CROP_STREAM = 101  # keeps its random numbers apart from those of other augmentations


@functools.cache
def decoder(size, channels):
    """`decode` of one size as a tf.function, traced once for all pipelines that call it."""

    def decode_one(data, seed=None):
        return decode(data, size, channels, seed)

    return tf.function(decode_one, autograph=False)


def decode(data, size, channels, seed=None):
    """Decodes, cuts and resizes one image.

    Args:
      data: string scalar, the file's bytes.
      size: (height, width) of the result.
      channels: of the result, 1 or 3.
      seed: int64 scalar, the key of a random window of 8% to 100% of the area, with an aspect ratio
        between 3:4 and 4:3; None: the centred one.

    Returns:
      uint8 [height, width, channels]. The operation fails for data that cannot be decoded.
    """
    image = tf.cond(
        tf.strings.substr(data, 0, 3) == b"\xff\xd8\xff",
        lambda: _jpeg(data, size, channels, seed),
        lambda: _other(data, size, channels, seed),
    )
    return tf.ensure_shape(image, (*size, channels))


def _other(data, size, channels, seed):
    """An image that is no JPEG."""
    branches = [
        lambda: _cut(_png(data, channels), size, seed),
        lambda: _cut(_gif(data, channels), size, seed),
        lambda: _cut(_bmp(data, channels), size, seed),
        lambda: _fail(size, channels),
    ]
    kind = tf.constant(len(_MAGIC))
    for i, word in enumerate(_MAGIC):
        kind = tf.where(tf.strings.substr(data, 0, len(word)) == word, i, kind)
    return tf.switch_case(kind, branches)


def _fail(size, channels):
    message = "is none of JPEG, PNG, GIF and BMP"
    with tf.control_dependencies([tf.debugging.Assert(tf.constant(False), [message])]):
        return tf.zeros((*size, channels), tf.uint8)


def _checked(height, width):
    """The size in the header, int32; the operation fails if that is too large to decode."""
    # Headers hold up to 32 bits a side, of which int32 can hold 31.
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    most = tf.constant(MOST_PIXELS, tf.int64)
    sound = (height > 0) & (width > 0) & (height <= most // tf.maximum(width, 1))
    check = tf.debugging.Assert(sound, ["claims", height, "x", width, "pixels"])
    with tf.control_dependencies([check]):
        return tf.cast(height, tf.int32), tf.cast(width, tf.int32)


def _jpeg(data, size, channels, seed):
    shape = tf.io.extract_jpeg_shape(data)
    height, width = _checked(shape[0], shape[1])

    def stored(size):
        window = _window(height, width, size, seed)
        return _resized(_decoded(data, window, size, channels), size, antialias=False)

    def turned():
        orientation = exif.orientation(data)
        sideways = orientation >= 5
        return exif.upright(stored(tf.where(sideways, size[::-1], size)), orientation)

    return tf.cond(exif.is_there(data), turned, lambda: stored(tf.constant(size)))


def _decoded(data, window, size, channels):
    """The window of a JPEG, downscaled by the decoder as long as it stays at least `size`."""
    reduction = tf.reduce_min(window[2:] // size)

    def reduced(ratio):
        part = tf.maximum(window // ratio, [0, 0, 1, 1])
        return lambda: tf.image.decode_and_crop_jpeg(data, part, channels=channels, ratio=ratio)

    def large():
        choice = tf.reduce_sum(tf.cast(reduction >= tf.constant(_RATIOS[1:]), tf.int32))
        return tf.switch_case(choice, [reduced(ratio) for ratio in _RATIOS])

    return tf.cond(reduction < _RATIOS[1], reduced(1), large)


def _png(data, channels):
    height, width = _checked(number(data, 16, 4, "big"), number(data, 20, 4, "big"))
    colours = number(data, 25, 1, "big")
    transparent = (colours == 3) | (colours == 4) | (colours == 6)
    with tf.control_dependencies([height, width]):  # or it is decoded while it is checked
        return tf.cond(
            transparent,
            lambda: _on_white(tf.io.decode_png(data, channels=4), channels),
            lambda: tf.io.decode_png(data, channels=channels),
        )


def _gif(data, channels):
    height, width = _checked(number(data, 8, 2, "little"), number(data, 6, 2, "little"))
    # Files that are too short for many pixels need not be looked through.
    suspicious = tf.strings.length(data) > MOST_PIXELS // gif.MOST_FROM_A_BYTE
    checked = tf.cond(suspicious, lambda: _checked_frames(data), lambda: True)
    with tf.control_dependencies([height, width, checked]):
        first = tf.io.decode_image(data, expand_animations=False)
    return _with_channels(tf.ensure_shape(first, (None, None, 3)), channels)


def _checked_frames(data):
    """True; the operation fails if the frames of a GIF are too large to unpack."""
    largest, total = gif.frames(data)
    sound = (largest <= MOST_PIXELS) & (total <= _MOST_IN_FRAMES)
    check = tf.debugging.Assert(sound, ["too large frames", largest, total])
    with tf.control_dependencies([check]):
        return tf.constant(True)


def _bmp(data, channels):
    # A negative height means that the rows are stored from top to bottom.
    height = number(data, 22, 4, "little")
    height = tf.minimum(height, 2**32 - height)
    height, width = _checked(height, number(data, 18, 4, "little"))
    bits = bmp.bits_of(data)
    known = tf.reduce_any(bits == tf.constant([1, 4, 8, 24, 32], tf.int64))
    check = tf.debugging.Assert(known, ["is a BMP of an unusual form"])
    with tf.control_dependencies([height, width, check]):
        pixels = tf.cond(
            bits <= 8,
            lambda: bmp.with_colour_table(data, height, width),
            lambda: tf.io.decode_bmp(data)[..., :3],
        )
    return _with_channels(tf.ensure_shape(pixels, (None, None, 3)), channels)


def _on_white(pixels, channels):
    """[h, w, 4] with transparency -> uint8 [h, w, channels]."""
    colour, alpha = tf.split(tf.cast(pixels, tf.float32), [3, 1], axis=-1)
    shown = colour * (alpha / 255) + (255 - alpha)
    return _with_channels(tf.cast(tf.round(shown), tf.uint8), channels)


def _with_channels(pixels, channels):
    return pixels if channels == 3 else tf.image.rgb_to_grayscale(pixels)


def _cut(pixels, size, seed):
    shape = tf.shape(pixels)
    top, left, height, width = tf.unstack(_window(shape[0], shape[1], tf.constant(size), seed))
    part = pixels[top : top + height, left : left + width]
    return _resized(part, size, antialias=True)


def _resized(pixels, size, antialias):
    resized = tf.image.resize(pixels, size, antialias=antialias)
    return tf.cast(tf.round(resized), tf.uint8)


def _window(height, width, size, seed):
    """int32 [4]: top, left, height and width of the part of an image that is used."""
    return _centred(height, width, size) if seed is None else _random(height, width, seed)


def _centred(height, width, size):
    """The largest centred window with the aspect ratio of `size`, an int32 [2]."""
    full, wanted = tf.cast((height, width), tf.int64), tf.cast(size, tf.int64)
    cross = full[0] * wanted[1], full[1] * wanted[0]
    tall = tf.stack([(cross[1] + wanted[1] // 2) // wanted[1], full[1]])
    wide = tf.stack([full[0], (cross[0] + wanted[0] // 2) // wanted[0]])
    part = tf.maximum(tf.where(cross[0] > cross[1], tall, wide), 1)
    return tf.cast(tf.concat([(full - part) // 2, part], 0), tf.int32)


def _random(height, width, seed):
    """A random window from TensorFlow's own sampler, a function of the seed."""
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.stack([height, width, 1]),
        tf.zeros((1, 0, 4)),
        tf.stack([seed, tf.cast(_CROP_STREAM, seed.dtype)]),
        min_object_covered=0.0,
        aspect_ratio_range=_CROP_ASPECT,
        area_range=_CROP_AREA,
        max_attempts=_CROP_TRIES,
        use_image_if_no_bounding_boxes=True,
    )
    return tf.concat([begin[:2], size[:2]], 0)
