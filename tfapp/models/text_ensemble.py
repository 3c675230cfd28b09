"""Several light encoders of texts that are trained side by side, and answer by their mean.

Each is the network of `text_encoder.py` (Kim, arXiv:1408.5882), narrower, with weights, dropped
tokens and a loss of its own: an ensemble (Lakshminarayanan et al., arXiv:1612.01474) in one model.
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.ensemble import Ensemble
from tfapp.models.inputs import one_text
from tfapp.models.layers import MaxPool, MeanPool


class TextEnsemble(Ensemble, keras.Model):
    """For one text per example, classified by its words and short phrases."""

    def __init__(
        self,
        inputs,
        outputs=2,
        members=4,
        width=128,
        filters=128,
        spans=(1, 2, 3),
        dropout=0.4,
        token_dropout=0.1,
        **kwargs,
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of classes, or of values to predict.
          members: number of encoders.
          width: size of a token's embedding in each.
          filters: number of them for each span.
          spans: the numbers of neighbouring tokens that filters see.
          dropout: rate on the pooled filters; the embeddings have half of it.
          token_dropout: rate of whole tokens.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs)
        if members < 1:
            raise UsageError(f"members={members}: must be at least 1")
        self.encoders = [
            Encoder(spec.vocabulary, outputs, width, filters, tuple(spans), dropout, token_dropout)
            for _ in range(members)
        ]

    @property
    def members(self):
        return len(self.encoders)

    def call(self, ids, training=False):
        """Token ids [batch, length], 0 for padding, to logits [batch, members, outputs]."""
        return tf.stack([encoder(ids, training=training) for encoder in self.encoders], axis=1)


class Encoder(keras.layers.Layer):
    """Embedded tokens, filters over some of them, pooling, and a linear layer."""

    def __init__(
        self, vocabulary, outputs, width, filters, spans, dropout, token_dropout, **kwargs
    ):
        super().__init__(**kwargs)
        self._spans = spans
        self.embedding = keras.layers.Embedding(vocabulary, width)
        self.filters = [keras.layers.Dense(filters, activation="relu") for _ in spans]
        self.mean, self.max = MeanPool(), MaxPool()
        self.drop_tokens = keras.layers.Dropout(token_dropout, noise_shape=(None, None, 1))
        self.drop_values = keras.layers.Dropout(dropout / 2)
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, ids, training=False):
        """Token ids [batch, length] to logits [batch, outputs]."""
        present = tf.not_equal(ids, 0)
        x = self.embedding(ids)
        x *= tf.cast(present, x.dtype)[..., None]
        x = self.drop_values(self.drop_tokens(x, training=training), training=training)
        pooled = [self.mean(x, present)]
        # Padded, so that a phrase at the end is seen by the filters of longer spans as well.
        moved = tf.pad(x, ((0, 0), (0, max(self._spans) - 1), (0, 0)))
        length = x.shape[1]
        moved = [tf.slice(moved, (0, by, 0), (-1, length, -1)) for by in range(max(self._spans))]
        for span, layer in zip(self._spans, self.filters, strict=True):
            pooled.append(self.max(layer(tf.concat(moved[:span], axis=-1)), present))
        return self.logits(self.dropout(tf.concat(pooled, axis=-1), training=training))
