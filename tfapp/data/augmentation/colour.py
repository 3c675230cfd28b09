"""Changes of colour and tone of image batches, float32 in [0, 255]."""

import tensorflow as tf

from tfapp.data.pipeline import order

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as PIL converts


def jitter(images, seeds, strength, stream):
    """Brightness, contrast and saturation times factors between 1 - strength and 1 + strength."""
    factors = 1 + strength * (2 * order.uniform(seeds, stream, 3) - 1)
    images = tf.cast(images, tf.float32)
    for i, change in enumerate((brightness, contrast, saturation)):
        images = change(images, factors[:, i])
    return images


def brightness(images, factor):
    """Blends with black; factor [batch]."""
    return _clipped(images * _of_image(factor))


def contrast(images, factor):
    """Blends with the mean of the grey image, rounded as PIL does."""
    # The last bit of a mean depends on how many images are summed at once, which a later threshold
    # would make visible: rounding removes it.
    mean = tf.round(tf.reduce_mean(grey(images), (1, 2), keepdims=True))
    return _blend(mean, images, factor)


def saturation(images, factor):
    """Blends with the grey image."""
    return _blend(grey(images), images, factor)


def sharpness(images, factor):
    """Blends with a smoothed image, whose edge pixels are those of the image."""
    inner = tf.nn.avg_pool2d(images, 3, 1, "VALID") * (9 / 13)
    inner += images[:, 1:-1, 1:-1] * (4 / 13)
    middle = tf.concat([images[:, 1:-1, :1], inner, images[:, 1:-1, -1:]], 2)
    return _blend(tf.concat([images[:, :1], middle, images[:, -1:]], 1), images, factor)


def posterize(images, bits):
    """Keeps the upper `bits` bits, float32 [batch]."""
    # Powers from tables, and products instead of a quotient: tf.pow and divisions are off by a bit
    # in some kernels, which floor() would make visible.
    dropped = tf.cast(8 - tf.round(bits), tf.int32)
    step = _of_image(tf.gather(tf.constant([2.0**n for n in range(9)]), dropped))
    share = _of_image(tf.gather(tf.constant([2.0**-n for n in range(9)]), dropped))
    return tf.floor(tf.round(images) * share) * step


def solarize(images, threshold):
    """Inverts what is at least `threshold`."""
    return tf.where(images >= _of_image(threshold), 255 - images, images)


def autocontrast(images):
    """Stretches each channel to the full range."""
    low = tf.reduce_min(images, (1, 2), keepdims=True)
    high = tf.reduce_max(images, (1, 2), keepdims=True)
    stretched = (images - low) * (255 / tf.maximum(high - low, 1))
    return tf.where(high - low >= 1, stretched, images)


def equalize(images):
    """Makes the histogram of each channel flat."""
    height, width, channels = images.shape[1:]
    batch = tf.shape(images)[0]
    level = tf.cast(_clipped(tf.round(images)), tf.int32)
    plane = tf.range(batch)[:, None, None, None] * channels + tf.range(channels)
    bins = level + 256 * plane
    counts = tf.math.unsorted_segment_sum(
        tf.ones_like(tf.reshape(bins, [-1]), tf.float32),
        tf.reshape(bins, [-1]),
        batch * channels * 256,
    )
    cumulative = tf.cumsum(tf.reshape(counts, (-1, 256)), axis=1)
    first = tf.reduce_min(
        tf.where(cumulative > 0, cumulative, tf.fill(tf.shape(cumulative), 1e9)), 1, keepdims=True
    )
    table = (cumulative - first) * 255 / tf.maximum(height * width - first, 1)
    return tf.round(tf.gather(tf.reshape(tf.maximum(table, 0), [-1]), bins))


def grey(images):
    """[batch, height, width, 1]; an image of one channel is returned unchanged."""
    if images.shape[-1] == 1:
        return images
    return tf.reduce_sum(images[..., :3] * tf.constant(_GREY), -1, keepdims=True)


def _blend(other, images, factor):
    return _clipped(other + (images - other) * _of_image(factor))


def _of_image(factor):
    return factor[:, None, None, None]


def _clipped(images):
    return tf.clip_by_value(images, 0, 255)
