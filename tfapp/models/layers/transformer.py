"""The block that transformers of texts share: attention, then a feed-forward layer.

Vaswani et al., arXiv:1706.03762, with normalisation before each of the two (Xiong et al.,
arXiv:2002.04745), and GPT-2's initialisation. Products are over [batch * length, width], so that
each takes its bias with it.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.layers.gelu import gelu_tanh
from tfapp.models.layers.layer_norm import FusedLayerNorm
from tfapp.runtime.fused import fused

STDDEV = 0.02  # of initial weights (Radford et al., "Language Models are Unsupervised ...", 2019)
_NEVER = -1e9  # added to the score of what must not be seen


def normal(stddev=STDDEV):
    """GPT-2's initialiser."""
    return keras.initializers.RandomNormal(stddev=stddev)


def check_width(width, heads):
    """Raises UsageError unless each of the heads gets an even number of values."""
    if width % (2 * heads):
        raise UsageError(f"width={width}: must be a multiple of 2 * heads={2 * heads}")


class TransformerBlock(keras.layers.Layer):
    """Self-attention, then a feed-forward layer, each added to its input."""

    def __init__(self, width, heads, depth, *, dropout=0.0, causal=False, rotary=False, **kwargs):
        """
        Args:
          width: size of a token's vector, a multiple of 2 * heads.
          heads: attention heads.
          depth: blocks of the model: the last layer of each branch starts smaller by the root of
            their number, so that the residual sum has the same scale at any depth.
          dropout: rate after attention and feed-forward layer.
          causal: whether a token sees only those up to itself.
          rotary: whether queries and keys are rotated by their positions (Su et al.,
            arXiv:2104.09864), which needs no table and sets no maximum length.
        """
        super().__init__(**kwargs)
        self._width, self._heads, self._causal = width, heads, causal
        last = normal(STDDEV / (2 * depth) ** 0.5)
        self.attention_norm, self.forward_norm = FusedLayerNorm(), FusedLayerNorm()
        self.queries_keys_values = keras.layers.Dense(3 * width, kernel_initializer=normal())
        self.merge = keras.layers.Dense(width, kernel_initializer=last)
        self.widen = keras.layers.Dense(4 * width, kernel_initializer=normal())
        self.narrow = keras.layers.Dense(width, kernel_initializer=last)
        self.dropout = keras.layers.Dropout(dropout)
        self._split = head_splitter(heads, width // heads, rotary=rotary)

    def call(self, x, present=None, training=False):
        """[batch, length, width] to the same shape.

        `present`: bool [batch, length], the tokens that may be seen; None: all of them.
        """
        length = x.shape[1]
        rows = tf.reshape(x, (-1, self._width))
        attended = self._attend(self.attention_norm(rows), length, present)
        rows += self.dropout(attended, training=training)
        forward = self.narrow(gelu_tanh(self.widen(self.forward_norm(rows))))
        rows += self.dropout(forward, training=training)
        return tf.reshape(rows, (-1, length, self._width))

    def _attend(self, rows, length, present):
        masks = []
        if self._causal:
            masks.append(np.triu(np.full((length, length), _NEVER, np.float32), 1))
        if present is not None:
            masks.append(tf.where(present, 0.0, _NEVER)[:, None, None])
        return self.merge(attend(*self._split(length)(self.queries_keys_values(rows)), *masks))


def attend(queries, keys, values, *masks):
    """What each token takes from those that it attends to: [batch * length, heads * size].

    Args:
      queries, keys, values: [batch, heads, length, size], as `head_splitter` gives them.
      masks: float32, added to the scores [batch, heads, length, length].
    """
    scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32)
    for mask in masks:
        scores += mask
    weights = tf.cast(tf.nn.softmax(scores), values.dtype)  # softmax needs float32
    mixed = tf.transpose(tf.matmul(weights, values), (0, 2, 1, 3))
    return tf.reshape(mixed, (-1, values.shape[1] * values.shape[3]))


def head_splitter(heads, size, *, rotary=False):
    """Returns length -> function: [batch * length, 3 * width] -> queries, keys, values.

    Each is [batch, heads, length, size]; the queries are divided by the root of `size`.

    Args:
      heads: number of them.
      size: of a head's vectors: width / heads.
      rotary: whether queries and keys are rotated by their positions.
    """

    @functools.cache
    def of_length(length):
        angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(size // 2) / (size // 2))
        cosine, sine = np.cos(angles), np.sin(angles)

        def rotate(x, scale):
            if not rotary:
                return x * tf.constant(scale, x.dtype)
            first, second = tf.split(x, 2, axis=-1)
            cos, sin = (tf.constant(scale * part, x.dtype) for part in (cosine, sine))
            return tf.concat([first * cos - second * sin, first * sin + second * cos], axis=-1)

        def split(rows):
            parts = tf.reshape(rows, (-1, length, 3, heads, size))
            queries, keys, values = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)))
            return rotate(queries, size**-0.5), rotate(keys, 1.0), values

        return fused(split)

    return of_length
