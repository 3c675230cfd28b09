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
_TRIES = 8  # of a gamma number; all are refused once in 10^10 numbers


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
    drawn = _positive(seed, (batch, num_samples, classes))
    gumbel = -tf.math.log(-tf.math.log(drawn))
    return tf.argmax(tf.cast(logits, tf.float32)[:, None] + gumbel, -1)


@tf.custom_gradient
def gamma(seed, alpha):
    """float32 of the shape of `alpha`, which is positive; of scale 1 (Marsaglia and Tsang, 2000).

    19 of 20 tries are accepted at once; of a fixed number of them, the first accepted is taken. The
    gradient is that of TensorFlow's: implicit (Figurnov et al., arXiv:1805.08498).
    """
    seeds = tf.unstack(tf.reshape(tf.bitcast(words(seed, 6), tf.int32), (3, 2)))
    tries = tf.concat([[_TRIES], tf.shape(alpha)], 0)
    d = tf.where(alpha < 1.0, alpha + 1.0, alpha) - 1.0 / 3.0
    x = normal(seeds[0], tries)
    v = tf.maximum(1.0 + x / tf.sqrt(9.0 * d), 1e-10) ** 3
    accepted = tf.math.log(_positive(seeds[1], tries)) < 0.5 * x * x + d * (1 - v + tf.math.log(v))
    first = tf.one_hot(tf.argmax(accepted, 0), _TRIES, True, False, axis=0, dtype=tf.bool)
    drawn = d * tf.reduce_sum(tf.where(first, v, tf.zeros_like(v)), 0)
    below_one = _positive(seeds[2], tf.shape(alpha)) ** (1.0 / tf.minimum(alpha, 1.0))
    drawn = tf.maximum(tf.where(alpha < 1.0, drawn * below_one, drawn), 1e-37)

    def gradient(upstream):
        return None, upstream * tf.raw_ops.RandomGammaGrad(alpha=alpha, sample=drawn)

    return drawn, gradient


def binomial(seed, counts, probabilities):
    """float32 of the shape of `counts`: how many of so many trials succeed; one after the other."""
    streams = words(seed, _size(tf.shape(counts)))
    limit = tf.cast(tf.math.ceil(probabilities * 2.0**24), tf.uint32)

    def trial(i, total):
        keys = streams + tf.cast(i, tf.uint32) * _u32(0x9E3779B9)
        drawn = tf.reshape(tf.bitwise.right_shift(_hash(keys), _u32(8)), tf.shape(counts))
        success = (drawn < limit) & (tf.cast(i, tf.float32) < counts)
        return i + 1, total + tf.cast(success, tf.float32)

    most = tf.cast(tf.reduce_max(counts), tf.int32)
    return tf.while_loop(lambda i, _: i < most, trial, (0, tf.zeros_like(counts)))[1]


def _positive(seed, shape):
    """`uniform`, in (0, 1)."""
    return uniform(seed, shape) + 2.0**-25


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
