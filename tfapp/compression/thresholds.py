"""Which magnitudes are the smallest: exact order statistics without sorting.

The bits of a float32 that is not negative, read as an integer, are in the order of the values. So
the k-th smallest magnitude is found by bisection over integers, 32 times counting how many are not
larger, for any k that a step computes. A sort needs a copy of all weights in one piece, and
`top_k` in XLA a k that is known when it is compiled.
"""

import tensorflow as tf

_INFINITY = 0x7F800000  # its bits, above those of all magnitudes
_BISECTIONS = 32  # halve the range of magnitudes and two values below to one
_MASKED = -1.0  # score of a weight that is pruned already: below all others


def scores(weight, mask):
    """float32 of the weight's shape: magnitudes, or a number below them where the mask is off."""
    return tf.where(mask, tf.abs(tf.cast(weight, tf.float32)), _MASKED)


def thresholds(parts, wanted, wanted_of_all):
    """The scores up to which weights are pruned, never more of them than asked for.

    Weights of equal magnitude at the threshold are all kept, so a kernel that is all zeros before
    it has learnt anything stays.

    Args:
      parts: float32 tensors of scores, one a kernel.
      wanted: int64 [kernels], how many to prune of each kernel at most.
      wanted_of_all: int64 scalar, how many of all kernels together.

    Returns:
      float32 [kernels].
    """
    wanted = tf.concat([wanted, [wanted_of_all]], axis=0)

    def counts(bits):
        limits = tf.unstack(_of_bits(bits), num=len(parts) + 1)
        each = [_count(part, limit) for part, limit in zip(parts, limits[:-1], strict=True)]
        of_all = tf.add_n([_count(part, limits[-1]) for part in parts])
        return tf.stack([*each, of_all])

    def halve(low, high):
        middle = (low + high) // 2
        enough = counts(middle) >= wanted
        return tf.where(enough, low, middle), tf.where(enough, middle, high)

    low = tf.fill([len(parts) + 1], tf.constant(-2, tf.int64))
    high = tf.fill([len(parts) + 1], tf.constant(_INFINITY, tf.int64))
    _, least = tf.while_loop(lambda *_: True, halve, (low, high), maximum_iterations=_BISECTIONS)
    least = tf.where(counts(least) == wanted, least, least - 1)
    return _of_bits(tf.minimum(least[:-1], least[-1]))


def _of_bits(bits):
    """The scores of int64 numbers: magnitudes by their bits, -1 for `_MASKED`, less for less."""
    magnitudes = tf.bitcast(tf.cast(tf.maximum(bits, 0), tf.int32), tf.float32)
    return tf.where(bits >= 0, magnitudes, tf.cast(bits, tf.float32))


def _count(part, limit):
    return tf.math.count_nonzero(part <= limit, dtype=tf.int64)
