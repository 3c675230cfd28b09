"""The global order: which examples step k trains on, a pure function of (seed, k).

An epoch's order is a keyed permutation that is computed element by element: a Feistel network over
Z_a x Z_b with a*b just above the number of examples, and cycle walking for the few that fall
outside (Black & Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). So the order takes no
memory, can start at any step, and is the same for every device, engine and number of replicas.

All arithmetic is int64 on values below 2**32, whose results are equal on all devices and in XLA.
"""

import math

import tensorflow as tf

_ROUNDS = 6
_MASK = 0xFFFFFFFF
_MULTIPLIER = 0x45D9F3B  # below 2**27: times a 32-bit value it stays below 2**63
_SEEDS = 0x5EED5EED  # keeps the keys of examples apart from those of epochs
_GOLDEN = 0x9E3779B9  # 2**32 / golden ratio: spreads consecutive integers


def _xor(a, b):
    return tf.bitwise.bitwise_xor(a, b)


def _mix(x):
    """Integer hash of int64 values in [0, 2**32), into the same range."""
    sixteen = tf.constant(16, tf.int64)
    for _ in range(2):
        x = _xor(x, tf.bitwise.right_shift(x, sixteen)) * _MULTIPLIER
        x = tf.bitwise.bitwise_and(x, tf.constant(_MASK, tf.int64))
    return _xor(x, tf.bitwise.right_shift(x, sixteen))


def epoch_key(seed, epoch):
    """The key of an epoch's permutation, int64 scalar in [0, 2**32)."""
    seed = tf.cast(seed, tf.int64)
    epoch = tf.cast(epoch, tf.int64)
    mask = tf.constant(_MASK, tf.int64)
    salted = _xor(_mix(tf.bitwise.bitwise_and(seed + 1, mask)), epoch * _GOLDEN)
    return _mix(tf.bitwise.bitwise_and(salted, mask))


def example_seeds(indices, step, *, num_examples, batch_size, seed):
    """The key of each example's random numbers in its epoch, int64 [n] in [0, 2**32).

    Args:
      indices: int64 [n], examples of global step `step`.
      step, num_examples, batch_size, seed: as in `batch_indices`.
    """
    epoch = tf.cast(step, tf.int64) // (num_examples // batch_size)
    mask = tf.constant(_MASK, tf.int64)
    key = _mix(_xor(epoch_key(seed, epoch), tf.constant(_SEEDS, tf.int64)))
    return _mix(_xor(_mix(tf.bitwise.bitwise_and(indices * _GOLDEN, mask)), key))


def uniform(seeds, stream, count=1):
    """Random numbers as a function of seeds and stream, the same on every device.

    Args:
      seeds: int64, any shape, from `example_seeds`.
      stream: Python int; keeps different uses of one seed apart.
      count: numbers a seed.

    Returns:
      float32 [*seeds.shape, count], uniform in [0, 1), in steps of 2**-24.
    """
    mask = tf.constant(_MASK, tf.int64)
    own = _mix(_xor(seeds, _mix(tf.constant(stream + 1, tf.int64))))
    salts = tf.bitwise.bitwise_and(tf.range(1, count + 1, dtype=tf.int64) * _GOLDEN, mask)
    words = _mix(_xor(own[..., None], salts))
    return tf.cast(tf.bitwise.right_shift(words, tf.constant(8, tf.int64)), tf.float32) * 2.0**-24


def permute(positions, size, key):
    """Images of `positions`, int64 [n] below `size`, under the permutation that `key` selects.

    Args:
      positions: int64 tensor, any shape, values in [0, size).
      size: Python int, number of examples.
      key: int64 scalar from `epoch_key`.

    Returns:
      int64 tensor of the same shape; over all positions each value in [0, size) occurs once.
    """
    rows = math.isqrt(max(size - 1, 0)) + 1
    columns = -(-size // rows)
    round_keys = [
        _mix(tf.bitwise.bitwise_and(key + (r + 1) * _GOLDEN, tf.constant(_MASK, tf.int64)))
        for r in range(_ROUNDS)
    ]

    def encrypt(x):
        row, column = x // columns, x % columns
        for r, round_key in enumerate(round_keys):
            if r % 2 == 0:
                row = _add_below(row, _xor(column, round_key), rows)
            else:
                column = _add_below(column, _xor(row, round_key), columns)
        return row * columns + column

    # Cycle walking: every value is encrypted once, and again while it is outside.
    def any_is_left(_, left):
        return tf.reduce_any(left)

    def walk(x, left):
        x = tf.where(left, encrypt(x), x)
        return x, left & (x >= size)

    return tf.while_loop(any_is_left, walk, (positions, tf.ones_like(positions, tf.bool)))[0]


def _add_below(x, hashed, bound):
    """(x + hash) modulo `bound`, without a division: the hash is scaled into [0, bound)."""
    offset = tf.bitwise.right_shift(_mix(hashed) * bound, tf.constant(32, tf.int64))
    total = x + offset
    return tf.where(total >= bound, total - bound, total)


def batch_indices(step, *, num_examples, batch_size, seed, first=0, count=None):
    """Examples of global step `step`, or of one replica's part of it.

    Every epoch has num_examples // batch_size full batches; the few examples left over differ
    from epoch to epoch.

    Args:
      step: int64 scalar, the global step, from 0.
      num_examples: Python int, at least batch_size.
      batch_size: Python int, examples a step over all replicas.
      seed: Python int.
      first: where the part begins in the global batch.
      count: size of the part; None: all of the batch.

    Returns:
      int64 [count], indices of examples.
    """
    steps_per_epoch = num_examples // batch_size
    step = tf.cast(step, tf.int64)
    epoch = step // steps_per_epoch
    offset = (step % steps_per_epoch) * batch_size + tf.cast(first, tf.int64)
    positions = offset + tf.range(batch_size if count is None else count, dtype=tf.int64)
    return permute(positions, num_examples, epoch_key(seed, epoch))
