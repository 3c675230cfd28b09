"""A light encoder of short texts: embedded tokens, filters over one to three of them, pooling.

Kim, "Convolutional Neural Networks for Sentence Classification", arXiv:1408.5882, with the mean of
the embeddings in addition to the maxima of the filters. Filters are matrix products over
neighbouring tokens, which is fast with and without XLA.
"""

import keras
import tensorflow as tf
from keras import ops

from tfapp.models.inputs import one_text
from tfapp.models.layers import MaxPool, MeanPool


class TextEncoder(keras.Model):
    """For one text per example, classified by its words and short phrases."""

    def __init__(
        self, inputs, outputs=2, width=192, filters=256, spans=(1, 2, 3), dropout=0.4, **kwargs
    ):
        """
        Args:
          inputs: one `InputSpec` of kind "tokens".
          outputs: number of classes, or of values to predict.
          width: size of a token's embedding.
          filters: number of them for each span.
          spans: the numbers of neighbouring tokens that filters see.
          dropout: rate on the pooled filters; the embeddings have half of it.
        """
        super().__init__(**kwargs)
        spec = one_text(inputs)
        self.embedding = keras.layers.Embedding(spec.vocabulary, width)
        self.spans = tuple(spans)
        self.filters = [keras.layers.Dense(filters, activation="relu") for _ in self.spans]
        self.mean, self.max = MeanPool(), MaxPool()
        self.drop_tokens = keras.layers.Dropout(dropout / 2)
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def call(self, ids, training=False):
        """Token ids [batch, length], 0 for padding, to logits [batch, outputs]."""
        present = ops.not_equal(ids, 0)
        x = self.embedding(ids) * ops.cast(present, self.compute_dtype)[..., None]
        x = self.drop_tokens(x, training=training)
        pooled = [self.mean(x, present)]
        shifted = [_shift(x, by) for by in range(max(self.spans))]
        for span, layer in zip(self.spans, self.filters, strict=True):
            pooled.append(self.max(layer(ops.concatenate(shifted[:span], axis=-1)), present))
        return self.logits(self.dropout(ops.concatenate(pooled, axis=-1), training=training))


def _shift(x, by):
    """[batch, length, width] with each token moved `by` places earlier, and zeros at the end."""
    if not by:
        return x
    # Not x[:, by:], whose gradient is several times slower.
    rest = tf.slice(x, (0, by, 0), (-1, -1, -1))
    return tf.pad(rest, ((0, 0), (0, by), (0, 0)))
