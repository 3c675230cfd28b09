"""A transformer encoder that classifies texts.

Vaswani et al., arXiv:1706.03762, with the token, learnt positions and pooling of BERT (Devlin et
al., arXiv:1810.04805), normalised before each layer (Xiong et al., arXiv:2002.04745).
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.inputs import one_text
from tfapp.models.layers import FusedLayerNorm, MeanPool
from tfapp.models.layers.transformer import TransformerBlock, check_width, normal
from tfapp.models.weight_decay import NamesDecayedWeights, by_layer_type

_POOLINGS = ("mean", "cls")


class Transformer(NamesDecayedWeights, keras.Model):
    """For one text per example."""

    def __init__(
        self,
        inputs,
        outputs=2,
        width=128,
        depth=2,
        heads=4,
        dropout=0.1,
        pooling="mean",
        **kwargs,
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of classes, or of values to predict.
          width: size of a token's vector, a multiple of 2 * heads.
          depth: number of blocks.
          heads: attention heads in each block.
          dropout: rate on the embeddings, after attention and feed-forward layers, and on what is
            pooled.
          pooling: "mean" of the tokens that are present, or "cls", a vector before the text that
            attends to all of it.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs)
        if pooling not in _POOLINGS:
            raise UsageError(f"pooling={pooling}: must be one of {', '.join(_POOLINGS)}")
        check_width(width, heads)
        self._width, self._cls = width, pooling == "cls"
        self.embedding = keras.layers.Embedding(
            spec.vocabulary, width, embeddings_initializer=normal()
        )
        self.dropout = keras.layers.Dropout(dropout)
        self.blocks = [TransformerBlock(width, heads, depth, dropout=dropout) for _ in range(depth)]
        self.norm, self.mean = FusedLayerNorm(), MeanPool()
        self.logits = keras.layers.Dense(outputs, kernel_initializer=normal(), name="logits")

    def build(self, shape):
        self.positions = self.add_weight(
            name="positions", shape=(1, shape[1], self._width), initializer=normal()
        )
        if self._cls:
            self.first = self.add_weight(
                name="first", shape=(1, 1, self._width), initializer=normal()
            )

    def decayed_weights(self):
        """Neither positions nor the first vector."""
        return by_layer_type(self, without=[self.positions, *([self.first] if self._cls else [])])

    def call(self, ids, training=False):
        """Token ids [batch, length], 0 for padding, to logits [batch, outputs]."""
        present = tf.not_equal(ids, 0)
        x = self.embedding(ids)
        x += tf.cast(self.positions, x.dtype)
        if self._cls:
            first = tf.cast(self.first, x.dtype) * tf.ones_like(x[:, :1])
            x = tf.concat([first, x], axis=1)
            present = tf.pad(present, ((0, 0), (1, 0)), constant_values=True)
        x = self.dropout(x, training=training)
        for block in self.blocks:
            x = block(x, present, training=training)
        x = self.norm(x)
        pooled = x[:, 0] if self._cls else self.mean(x, present)
        return self.logits(self.dropout(pooled, training=training))
