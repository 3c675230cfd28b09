"""Random numbers that are a function of a seed and a position, the same in XLA and in kernels.

TensorFlow's stateless generators are not: XLA orders their words in its own way, so that a seed
would give other dropout masks with --xla=off than with --xla=loop. Integers wrap alike everywhere:
position i of the seed's stream is hash((i + k0) * odd ^ k1), with two keys hashed from the seed,
and the 32-bit hash "lowbias32" (Wellons, "Prospecting for Hash Functions", 2018). The
operations are few, because outside of XLA each is a kernel.

All seeds are int32 [2], all shapes lists or int32 tensors.
"""

import math

import tensorflow as tf

_LANES = 65536  # values of the 16-bit lanes that dropout compares, two a word


def words(seed, count):
    """uint32 [count], uniform."""
    seed = tf.bitcast(seed, tf.uint32)
    mixed = seed[0] * _u32(0x9E3779B9) + seed[1] * _u32(0x85EBCA6B)
    keys = _hash(mixed + tf.constant([0x7F4A7C15, 0xC2B2AE35], tf.uint32))
    # int64: a GPU has int32 ranges made on the host.
    position = tf.cast(tf.range(tf.cast(count, tf.int64)), tf.uint32)
    return _hash(tf.bitwise.bitwise_xor((position + keys[0]) * _u32(0x9E3779B1), keys[1]))


def keep_mask(seed, shape, rate):
    """(mask, scale): bool of the shape, False with probability `rate`; 1 / the share kept.

    The rate, a float below 1, is rounded to a multiple of 2^-16, and the scale is of the rounded.
    """
    threshold = min(round(rate * _LANES), _LANES - 1)
    count = _size(shape)
    lanes = tf.reshape(tf.bitcast(words(seed, (count + 1) // 2), tf.uint16), [-1])[:count]
    mask = tf.reshape(lanes, shape) >= tf.constant(threshold, tf.uint16)
    return mask, _LANES / (_LANES - threshold)


def uniform(seed, shape, dtype="float32"):
    """In [0, 1), with as many bits as `dtype`, a floating one, can hold without rounding up."""
    dtype = tf.as_dtype(dtype)
    digits = {tf.bfloat16: 8, tf.float16: 11, tf.float32: 24, tf.float64: 32}[dtype]
    high = tf.bitwise.right_shift(words(seed, _size(shape)), _u32(32 - digits))
    return tf.reshape(tf.cast(high, dtype) * tf.constant(2.0**-digits, dtype), shape)


def normal(seed, shape):
    """float32, of mean 0 and standard deviation 1 (Box and Muller, 1958)."""
    count = _size(shape)
    pairs = tf.reshape(words(seed, (count + 1) // 2 * 2), (2, -1))
    pairs = tf.cast(tf.bitwise.right_shift(pairs, _u32(8)), tf.float32) * 2.0**-24
    radius = tf.sqrt(-2.0 * tf.math.log(pairs[0] + 2.0**-24))
    angle = 2.0 * math.pi * pairs[1]
    both = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], 0)
    return tf.reshape(both[:count], shape)


def truncated_normal(seed, shape):
    """float32: `normal`, within two standard deviations, by the inverse of its distribution."""
    inside = math.erf(math.sqrt(2.0))
    centred = inside * (2.0 * uniform(seed, shape) - (1.0 - 2.0**-24))
    return math.sqrt(2.0) * tf.math.erfinv(centred)


def integers(seed, shape, low, high):
    """int64 in [low, high), at most 2^32 of them."""
    drawn = tf.cast(words(seed, _size(shape)), tf.int64)
    low, high = tf.cast(low, tf.int64), tf.cast(high, tf.int64)
    return tf.reshape(low + tf.math.floormod(drawn, high - low), shape)


def categorical(seed, logits, num_samples):
    """int64 [batch, num_samples]: classes of probability softmax(logits), [batch, classes]."""
    batch, classes = tf.unstack(tf.shape(logits))
    drawn = uniform(seed, (batch, num_samples, classes)) + 2.0**-25  # in (0, 1)
    gumbel = -tf.math.log(-tf.math.log(drawn))
    return tf.argmax(tf.cast(logits, tf.float32)[:, None] + gumbel, -1)


def _hash(x):
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u32(16))) * _u32(0x7FEB352D)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u32(15))) * _u32(0x846CA68B)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u32(16)))


def _u32(value):
    return tf.constant(value, tf.uint32)


def _size(shape):
    """How many elements a shape has: an int if it is known, else an int32 scalar."""
    known = tf.get_static_value(tf.convert_to_tensor(shape, tf.int32))
    return int(known.prod()) if known is not None else tf.reduce_prod(shape)
