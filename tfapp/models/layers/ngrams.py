"""A linear model of what a text is made of: tokens, pairs of neighbours, n-grams of characters.

Joulin et al., "Bag of Tricks for Efficient Text Classification", arXiv:1607.01759, hash pairs of
words; Bojanowski et al., "Enriching Word Vectors with Subword Information", arXiv:1607.04606,
learn from the n-grams of a word's characters, so that words of one stem share what is learnt.
"""

import math
import zlib

import keras
import numpy as np
import tensorflow as tf

from tfapp.models.prepared import PreparesWeights
from tfapp.models.weight_decay import NamesDecayedWeights

_SHORTEST, _LONGEST = 2, 5  # characters of an n-gram
_MOST_WEIGHTS = 4e6  # of each hashed table
_LEAST_BITS, _MOST_BITS = 10, 16  # of a hash
_MULTIPLIER = 2654435761  # Knuth's, for multiplicative hashing
_HALF, _LOW = 2**14, 2**28  # products of two halves fit int32
_SCALE = 20.0  # of the outputs: weights of Adam's first steps are small


class BagOfNGrams(NamesDecayedWeights, PreparesWeights, keras.layers.Layer):
    """Token ids [batch, length], 0 for padding, to outputs [batch, outputs], in float32.

    Each token, each pair of neighbours and each n-gram of a token's characters has a weight for
    each output; their sum is divided by the root of their number, the norm of the counts.
    """

    def __init__(self, vocabulary, outputs, names=(), token_dropout=0.1, **kwargs):
        """
        Args:
          vocabulary: number of ids.
          outputs: number of classes, or of values to predict.
          names: the spelling of each id; (): not known, and n-grams of characters are left out.
          token_dropout: rate of whole tokens.
        """
        super().__init__(dtype="float32", **kwargs)
        self._vocabulary, self._outputs = vocabulary, outputs
        bits = math.floor(math.log2(_MOST_WEIGHTS / outputs))
        self._buckets = 2 ** min(max(bits, _LEAST_BITS), _MOST_BITS)
        hashed = [_hashed_ngrams(name, self._buckets) for name in names]
        self._ngrams = np.array([n for found in hashed for n in found], np.int32)
        self._tokens = np.repeat(np.arange(len(hashed)), list(map(len, hashed))).astype(np.int32)
        features = np.ones(vocabulary, np.float32)  # that a token counts for
        features[: len(hashed)] += list(map(len, hashed))
        self._features = features
        self.drop_tokens = keras.layers.Dropout(token_dropout, dtype="float32")

    def build(self, shape):
        del shape
        self.tokens = self._table("tokens", self._vocabulary)
        self.pairs = self._table("pairs", self._buckets)
        self.ngrams = self._table("ngrams", self._buckets) if len(self._ngrams) else None
        self.bias = self.add_weight(name="bias", shape=(self._outputs,), initializer="zeros")

    def decayed_weights(self):
        """None: with few examples of a rare word, decay would forget it between them."""
        return []

    def call(self, ids, training=False):
        present = tf.cast(tf.not_equal(ids, 0), tf.float32)
        kept = tf.cast(self.drop_tokens(present, training=training) > 0, tf.float32)
        both = kept[:, :-1] * tf.slice(kept, (0, 1), (-1, -1))
        (of_tokens,) = self.prepared
        total = _sum_of(tf.gather(of_tokens, ids), kept)
        total += _sum_of(tf.gather(self.pairs, self._pairs(ids)), both)
        count = tf.reduce_sum(tf.gather(self._features, ids) * kept, 1) + tf.reduce_sum(both, 1)
        return _SCALE * total / tf.sqrt(tf.maximum(count, 1.0))[:, None] + self.bias

    def prepare(self):
        """[vocabulary, outputs]: what each token adds, the n-grams of its characters included."""
        if self.ngrams is None:
            return (tf.convert_to_tensor(self.tokens),)
        ngrams = tf.gather(self.ngrams, self._ngrams)
        of_tokens = tf.math.unsorted_segment_sum(ngrams, self._tokens, self._vocabulary)
        return (self.tokens + of_tokens,)

    def weights_replaced(self):
        return [self.tokens] if self.ngrams is None else [self.tokens, self.ngrams]

    def _pairs(self, ids):
        """int32 [batch, length - 1]: the bucket of each pair of neighbours."""
        return pair_buckets(
            ids[:, :-1],
            tf.slice(ids, (0, 1), (-1, -1)),
            vocabulary=self._vocabulary,
            buckets=self._buckets,
        )

    def _table(self, name, rows):
        return self.add_weight(name=name, shape=(rows, self._outputs), initializer="zeros")


def pair_buckets(first, second, *, vocabulary, buckets):
    """(first * vocabulary + second) * _MULTIPLIER // 2**12 % buckets, in int32.

    Only the lowest 28 bits count, so nothing here overflows. LiteRT has no division of int64.

    Args:
      first, second: int32 tensors of one shape, from 0 to `vocabulary` - 1.
      vocabulary: below 2**28.
      buckets: a power of two, at most 2**16.

    Returns:
      int32 of the same shape.
    """
    pairs = (_low_bits(first, vocabulary) + second) % _LOW
    return _low_bits(pairs, _MULTIPLIER) // 2**12 % buckets


def _low_bits(values, factor):
    """values * factor modulo 2**28, for int32 `values` from 0 to 2**28 - 1."""
    high, low = values // _HALF, values % _HALF
    factor_high, factor_low = factor % _LOW // _HALF, factor % _HALF
    middle = (high * factor_low + low * factor_high) % _HALF
    return (middle * _HALF + low * factor_low) % _LOW


def _sum_of(weights, kept):
    """[batch, length, outputs] -> [batch, outputs], over the tokens that are `kept`."""
    return tf.reduce_sum(weights * kept[..., None], axis=1)


def _hashed_ngrams(token, buckets):
    """The buckets of the n-grams of a token's characters, the blank before a word included."""
    lengths = range(_SHORTEST, _LONGEST + 1)
    ngrams = [token[i : i + n] for n in lengths for i in range(len(token) - n + 1)]
    return [zlib.crc32(ngram.encode()) % buckets for ngram in ngrams]
