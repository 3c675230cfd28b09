"""A small decoder-only transformer that predicts the next token.

Vaswani et al., arXiv:1706.03762, with normalisation before each block (Xiong et al.,
arXiv:2002.04745) and rotary positions (Su et al., arXiv:2104.09864), which need no table and so set
no maximum length.
"""

import keras
import numpy as np
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.cached_decoder import CachedDecoder
from tfapp.models.inputs import one_text
from tfapp.models.layers.decoding import attend_all, attend_one


class CausalTransformer(keras.Model, CachedDecoder):
    """For language modelling: logits of the next token at every position."""

    def __init__(self, inputs, outputs=256, width=128, depth=4, heads=4, dropout=0.1, **kwargs):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of token ids.
          width: size of a token's vector, a multiple of 2 * heads.
          depth: number of blocks.
          heads: attention heads in each block.
          dropout: rate on the embeddings and after attention and feed-forward layers.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs, "tokens")
        if width % (2 * heads):
            raise UsageError(f"width={width}: must be a multiple of 2 * heads={2 * heads}")
        self.embedding = keras.layers.Embedding(
            spec.vocabulary, width, embeddings_initializer=_normal(0.02)
        )
        self.dropout = keras.layers.Dropout(dropout)
        self.blocks = [Block(width, heads, dropout, depth) for _ in range(depth)]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5)
        self.logits = keras.layers.Dense(outputs, kernel_initializer=_normal(0.02), name="logits")

    def call(self, ids, training=False):
        """Token ids [batch, length] to logits [batch, length, outputs]."""
        x = self.dropout(self.embedding(ids), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.norm(x))

    def read(self, ids):
        """See `CachedDecoder`."""
        x, cache = self.embedding(ids), []
        for block in self.blocks:
            x, kept = block.read(x)
            cache += kept
        return self.logits(self.norm(x)), tuple(cache)

    def step(self, ids, positions, cache):
        """See `CachedDecoder`."""
        rows, new = self.embedding(ids), []
        for i, block in enumerate(self.blocks):
            rows, kept = block.step(rows, positions, cache[2 * i : 2 * i + 2])
            new += kept
        return self.logits(self.norm(rows)), tuple(new)


class Block(keras.layers.Layer):
    """Causal self-attention, then a feed-forward layer, each added to its input."""

    def __init__(self, width, heads, dropout, depth, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        # GPT-2's rule: the last layer of each branch starts smaller, so that the residual sum has
        # the same scale at any depth.
        last = _normal(0.02 / (2 * depth) ** 0.5)
        self.norms = [keras.layers.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self.queries_keys_values = keras.layers.Dense(3 * width, kernel_initializer=_normal(0.02))
        self.merge = keras.layers.Dense(width, kernel_initializer=last)
        self.widen = keras.layers.Dense(4 * width, "gelu", kernel_initializer=_normal(0.02))
        self.narrow = keras.layers.Dense(width, kernel_initializer=last)
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, x, training=False):
        """[batch, length, width] to the same shape."""
        x = x + self.dropout(self._attend(self.norms[0](x)), training=training)
        forward = self.narrow(self.widen(self.norms[1](x)))
        return x + self.dropout(forward, training=training)

    def read(self, x):
        """[batch, length, width] to (the same shape, its keys and values)."""
        length, width = x.shape[1], x.shape[2]
        rows = ops.reshape(self.queries_keys_values(self.norms[0](x)), (-1, 3 * width))
        mixed, cache = attend_all(rows, self.heads, length)
        return self._add(x, ops.reshape(mixed, (-1, length, width))), cache

    def step(self, rows, positions, cache):
        """[batch, width], the tokens at `positions`, to (the same shape, the new cache)."""
        heads = self.queries_keys_values(self.norms[0](rows))
        mixed, cache = attend_one(heads, self.heads, positions, cache)
        return self._add(rows, mixed), cache

    def _add(self, x, mixed):
        x = x + self.merge(mixed)
        return x + self.narrow(self.widen(self.norms[1](x)))

    def _attend(self, x):
        length, width = x.shape[1], x.shape[2]
        size = width // self.heads
        # Splits, not slices: the gradient of a slice is a copy padded with zeros.
        queries, keys, values = ops.split(self.queries_keys_values(x), 3, axis=-1)
        queries, keys, values = (
            ops.transpose(ops.reshape(part, (-1, length, self.heads, size)), (0, 2, 1, 3))
            for part in (queries, keys, values)
        )  # [batch, heads, length, size]
        queries = _rotate(queries, 1 / size**0.5)
        scores = ops.matmul(queries, ops.transpose(_rotate(keys), (0, 1, 3, 2)))
        future = np.triu(np.full((length, length), -1e9, np.float32), 1)
        weights = ops.softmax(ops.cast(scores, "float32") + future)  # softmax needs float32
        mixed = ops.matmul(ops.cast(weights, x.dtype), values)
        return self.merge(ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, length, width)))


def _rotate(x, scale=1.0):
    """Rotates pairs of [batch, heads, length, size] by angles proportional to the position."""
    length, half = x.shape[2], x.shape[3] // 2
    angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(half) / half)
    cosine = ops.cast(scale * np.cos(angles), x.dtype)
    sine = ops.cast(scale * np.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)
    return ops.concatenate(
        [first * cosine - second * sine, first * sine + second * cosine], axis=-1
    )


def _normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev)
