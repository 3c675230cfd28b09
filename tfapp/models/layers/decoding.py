"""Attention of causal transformers with rotary positions, one token at a time, with a cache.

The keys and values of the tokens before are kept, the keys rotated by their positions already. All
shapes are fixed, so that it is compiled once.
"""

import numpy as np
import tensorflow as tf

from tfapp.models.layers.gelu import gelu_tanh
from tfapp.models.layers.transformer import TransformerBlock, attend, head_splitter

_NEVER = -1e9  # added to the score of what must not be seen


class CausalBlock(TransformerBlock):
    """A block whose tokens see those up to themselves, with rotary positions and a cache."""

    def __init__(self, width, heads, depth, *, dropout=0.0, **kwargs):
        """See `TransformerBlock`."""
        super().__init__(width, heads, depth, dropout=dropout, causal=True, rotary=True, **kwargs)

    def read(self, x):
        """[batch, length, width] to (the same shape, its keys and values)."""
        length, width = x.shape[1], x.shape[2]
        rows = tf.reshape(x, (-1, width))
        heads = self.queries_keys_values(self.attention_norm(rows))
        mixed, cache = attend_all(heads, self._heads, length)
        return tf.reshape(self._add(rows, mixed), (-1, length, width)), cache

    def step(self, rows, positions, cache):
        """[batch, width], the tokens at `positions`, to (the same shape, the new cache)."""
        heads = self.queries_keys_values(self.attention_norm(rows))
        mixed, cache = attend_one(heads, self._heads, positions, cache)
        return self._add(rows, mixed), cache

    def _add(self, rows, mixed):
        rows += self.merge(mixed)
        return rows + self.narrow(gelu_tanh(self.widen(self.forward_norm(rows))))


def attend_all(rows, heads, length):
    """Attends from every token to those up to itself.

    Args:
      rows: [batch * length, 3 * width], queries, keys and values.
      heads: number of attention heads.
      length: tokens of a context.

    Returns:
      (what each token takes, [batch * length, width]; (keys, values), each [batch, heads, length,
      width / heads]).
    """
    size = rows.shape[-1] // 3 // heads
    queries, keys, values = head_splitter(heads, size, rotary=True)(length)(rows)
    future = np.triu(np.full((length, length), _NEVER, np.float32), 1)
    return attend(queries, keys, values, future), (keys, values)


def attend_one(rows, heads, positions, cache):
    """Attends from one new token of each context to those before it and to itself.

    Args:
      rows: [batch, 3 * width], its queries, keys and values.
      heads: number of attention heads.
      positions: int32 [batch], its position.
      cache: (keys, values), as `attend_all` gives them.

    Returns:
      (what it takes, [batch, width]; the new cache).
    """
    length, size = cache[0].shape[2], cache[0].shape[3]
    queries, keys, values = tf.unstack(tf.reshape(rows, (-1, 3, heads, 1, size)), axis=1)
    cosine, sine = _angles(length, size, positions)
    queries = _rotated(queries, cosine * size**-0.5, sine * size**-0.5)
    keys = _rotated(keys, cosine, sine)
    slots = tf.range(length)[None, :]
    here = (slots == positions[:, None])[:, None, :, None]
    keys, values = tf.where(here, keys, cache[0]), tf.where(here, values, cache[1])
    later = tf.where(slots > positions[:, None], np.float32(_NEVER), np.float32(0))[:, None, None]
    return attend(queries, keys, values, later), (keys, values)


def _angles(length, size, positions):
    """(cosine, sine), float32 [batch, 1, 1, size / 2], of the angles at the positions."""
    half = size // 2
    angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(half) / half)
    tables = (tf.constant(table(angles), tf.float32) for table in (np.cos, np.sin))
    return tuple(tf.gather(table, positions)[:, None, None] for table in tables)


def _rotated(x, cosine, sine):
    first, second = tf.split(x, 2, axis=-1)
    cosine, sine = tf.cast(cosine, x.dtype), tf.cast(sine, x.dtype)
    return tf.concat([first * cosine - second * sine, first * sine + second * cosine], axis=-1)
