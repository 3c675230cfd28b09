"""String -> position in a table, in TensorFlow operations without resources.

The table is sorted by 64-bit fingerprints: a binary search finds the place, and comparing the
strings confirms it, so that the result is exact. It is in the graph as two constants: nothing to
initialise, to track or to place, on any number of replicas and in any exported model.
"""

import numpy as np
import tensorflow as tf

_BUCKETS = 2**63 - 1


class Lookup:
    """Positions of strings in `keys`, a sequence of distinct strings."""

    def __init__(self, keys):
        with tf.init_scope(), tf.device("CPU:0"):
            hashes = fingerprint(tf.constant(list(keys), tf.string)).numpy()
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._keys = np.array([key.encode() for key in keys], object)[order]
        self._positions = order.astype(np.int32)
        if (self._hashes[1:] == self._hashes[:-1]).any():  # a chance of 1 in 2**63 for each pair
            raise ValueError("two strings of a vocabulary have the same fingerprint")

    def __call__(self, strings):
        """string tensor of any shape -> int32 of the same shape, -1 where it is not a key."""
        flat = tf.reshape(strings, [-1])
        place = tf.searchsorted(self._hashes, fingerprint(flat))
        place = tf.minimum(place, len(self._hashes) - 1)
        known = tf.gather(self._keys_tensor(), place) == flat
        found = tf.where(known, tf.gather(self._positions, place), -1)
        return tf.reshape(found, tf.shape(strings))

    def _keys_tensor(self):
        return tf.constant(self._keys, tf.string)


def fingerprint(strings):
    """FarmHash's 64-bit fingerprint, the same on every machine, int64 below 2**63 - 1."""
    return tf.strings.to_hash_bucket_fast(strings, _BUCKETS)


def in_batches(function, strings, size=4096):
    """Applies a TensorFlow function of a string tensor to a NumPy array of strings, on the host."""
    signature = [tf.TensorSpec([None], tf.string)]
    compiled = tf.function(function, input_signature=signature, autograph=False)
    with tf.device("CPU:0"):
        parts = [
            compiled(tf.constant(strings[start : start + size], tf.string)).numpy()
            for start in range(0, max(len(strings), 1), size)
        ]
    return np.concatenate(parts)
