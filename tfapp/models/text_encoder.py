"""A light encoder of short texts: embedded tokens, filters over one to three of them, pooling.

Kim, "Convolutional Neural Networks for Sentence Classification", arXiv:1408.5882, with the mean of
the embeddings beside the filters' maxima. Filters are matrix products over neighbouring tokens, a
form that is fast with and without XLA.
"""

import keras
import tensorflow as tf
from keras import ops

from tfapp.models.layers import MaxPool, MeanPool


class TextEncoder(keras.Model):
    """For one text an example; what counts is which words occur, and next to which."""

    def __init__(
        self, inputs, outputs=2, width=192, filters=256, spans=(1, 2, 3), dropout=0.4, **kwargs
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of classes, or of values to predict.
          width: of a token's embedding.
          filters: over each span of neighbouring tokens.
          spans: numbers of neighbouring tokens.
          dropout: rate on the embeddings (half of it) and on the pooled filters.
        """
        super().__init__(**kwargs)
        (spec,) = inputs
        if spec.kind != "tokens":
            raise ValueError(f"takes a text, but {spec.name} is of kind {spec.kind}")
        self.embedding = keras.layers.Embedding(spec.vocabulary, width)
        self.spans = tuple(spans)
        self.filters = [keras.layers.Dense(filters, activation="relu") for _ in self.spans]
        self.mean, self.max = MeanPool(), MaxPool()
        self.drop_tokens = keras.layers.Dropout(dropout / 2)
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, ids, training=False):
        """Token ids [batch, length], 0 where there is none, to logits [batch, outputs]."""
        present = ops.not_equal(ids, 0)
        x = self.embedding(ids) * ops.cast(present, self.compute_dtype)[..., None]
        x = self.drop_tokens(x, training=training)
        pooled = [self.mean(x, present)]
        shifted = [_shift(x, by) for by in range(max(self.spans))]  # each token's neighbours
        for span, layer in zip(self.spans, self.filters, strict=True):
            pooled.append(self.max(layer(ops.concatenate(shifted[:span], axis=-1)), present))
        return self.logits(self.dropout(ops.concatenate(pooled, axis=-1), training=training))


def _shift(x, by):
    """[batch, length, width] with the tokens `by` places earlier, zeros behind the last."""
    if not by:
        return x
    # Not x[:, by:], whose gradient's kernel is several times slower.
    rest = tf.slice(x, (0, by, 0), (-1, -1, -1))
    return tf.pad(rest, ((0, 0), (0, by), (0, 0)))
