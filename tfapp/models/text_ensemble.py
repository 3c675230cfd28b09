"""Light encoders of texts and a bag of n-grams, side by side, which answer by their mean.

An encoder (Kim, arXiv:1408.5882) sees phrases, a linear model of n-grams (Joulin et al.,
arXiv:1607.01759) words and their stems; where examples are few they err in different places. Each
member has weights, dropped tokens and a loss of its own: an ensemble (Lakshminarayanan et al.,
arXiv:1612.01474) in one model.
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.ensemble import Ensemble
from tfapp.models.inputs import one_text
from tfapp.models.layers import MaxPool, MeanPool
from tfapp.models.layers.ngrams import BagOfNGrams


class TextEnsemble(Ensemble, keras.Model):
    """For one text per example, classified by its words and short phrases."""

    def __init__(
        self,
        inputs,
        outputs=2,
        encoders=1,
        bags=1,
        width=192,
        filters=256,
        spans=(1, 2, 3),
        dropout=0.4,
        token_dropout=0.1,
        **kwargs,
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of classes, or of values to predict.
          encoders: number of encoders.
          bags: number of linear models of n-grams.
          width: size of a token's embedding in each encoder.
          filters: number of them for each span.
          spans: the numbers of neighbouring tokens that filters see.
          dropout: rate on the pooled filters; the embeddings have half of it.
          token_dropout: rate of whole tokens.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs)
        if min(encoders, bags) < 0 or encoders + bags < 1:
            raise UsageError(f"encoders={encoders}, bags={bags}: one of them must be at least 1")
        self.encoders = [
            Encoder(spec.vocabulary, outputs, width, filters, tuple(spans), dropout, token_dropout)
            for _ in range(encoders)
        ]
        self.bags = [
            BagOfNGrams(spec.vocabulary, outputs, spec.names, token_dropout) for _ in range(bags)
        ]

    @property
    def members(self):
        return len(self.encoders) + len(self.bags)

    def call(self, ids, training=False):
        """Token ids [batch, length], 0 for padding, to logits [batch, members, outputs]."""
        members = (*self.encoders, *self.bags)
        outputs = [tf.cast(member(ids, training=training), tf.float32) for member in members]
        return tf.stack(outputs, axis=1)


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
