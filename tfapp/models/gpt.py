"""GPT: a decoder-only transformer that predicts the next token, and shares its embeddings.

GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019) with rotary
positions (Su et al., arXiv:2104.09864) in place of its table of 1,024 positions. The output layer
is the table of embeddings (Press & Wolf, arXiv:1608.05859): width=768, depth=12, heads=12 and
50,257 tokens are the 124,439,808 weights of GPT-2 small, less the 786,432 of its positions.
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.cached_decoder import CachedDecoder
from tfapp.models.inputs import one_text
from tfapp.models.layers import FusedLayerNorm
from tfapp.models.layers.decoding import CausalBlock
from tfapp.models.layers.transformer import check_width, normal


class GPT(keras.Model, CachedDecoder):
    """For language modelling: logits of the next token at every position."""

    def __init__(self, inputs, outputs=256, width=128, depth=4, heads=4, dropout=0.0, **kwargs):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of token ids, which is that of the inputs.
          width: size of a token's vector, a multiple of 2 * heads.
          depth: number of blocks.
          heads: attention heads in each block.
          dropout: rate on the embeddings and after attention and feed-forward layers.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs, "tokens")
        if outputs != spec.vocabulary:
            raise UsageError(
                f"predicts the {spec.vocabulary} tokens that it takes, and not {outputs} outputs; "
                "use --model=transformer to classify texts"
            )
        check_width(width, heads)
        self.embedding = keras.layers.Embedding(
            spec.vocabulary, width, embeddings_initializer=normal()
        )
        self.dropout = keras.layers.Dropout(dropout)
        self.blocks = [CausalBlock(width, heads, depth, dropout=dropout) for _ in range(depth)]
        self.norm = FusedLayerNorm()

    def call(self, ids, training=False):
        """Token ids [batch, length] to logits [batch, length, outputs]."""
        x = self.dropout(self.embedding(ids), training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self._logits(x)

    def read(self, ids):
        """See `CachedDecoder`."""
        x, cache = self.embedding(ids), []
        for block in self.blocks:
            x, kept = block.read(x)
            cache += kept
        return self._logits(x), tuple(cache)

    def step(self, ids, positions, cache):
        """See `CachedDecoder`."""
        rows, new = self.embedding(ids), []
        for i, block in enumerate(self.blocks):
            rows, kept = block.step(rows, positions, cache[2 * i : 2 * i + 2])
            new += kept
        return self._logits(rows[:, None])[:, 0], tuple(new)

    def _logits(self, x):
        """[batch, length, width] to [batch, length, outputs]."""
        rows = tf.reshape(self.norm(x), (-1, x.shape[-1]))
        table = tf.cast(self.embedding.embeddings, rows.dtype)
        logits = tf.matmul(rows, table, transpose_b=True)
        return tf.reshape(logits, (-1, x.shape[1], table.shape[0]))
