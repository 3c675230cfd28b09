"""Tables: an MLP over embedded categories and numbers.

A number x is embedded as ReLU of a linear map of x and of its sines and cosines at learned
frequencies: the PLR embeddings of Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical
Features in Tabular Deep Learning", arXiv:2203.05556. With them an MLP fits functions of a
column that are as irregular as those a tree fits.
"""

import itertools
import math

import keras
from keras import ops

from tfapp.models.layers import MeanPool
from tfapp.models.layers.numbers import PeriodicNumbers


class Tabular(keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(
        self,
        inputs,
        outputs=1,
        hidden=256,
        depth=3,
        dropout=0.1,
        frequencies=16,
        number_width=8,
        frequency_scale=0.1,
        **kwargs,
    ):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          hidden: units in each hidden layer.
          depth: number of hidden layers.
          dropout: rate after each hidden layer.
          frequencies: number of them for each column of numbers; 0 leaves the embedding out.
          number_width: width of a number's embedding.
          frequency_scale: initial frequencies are drawn with this standard deviation; their
            unit is periods per unit of the standardised column.
        """
        super().__init__(**kwargs)
        self.specs = tuple(inputs)
        self.numbers = (
            PeriodicNumbers(frequencies, number_width, frequency_scale) if frequencies else None
        )
        self.embeddings = {
            spec.name: keras.layers.Embedding(spec.vocabulary, _width(spec), name=f"column_{i}")
            for i, spec in enumerate(self.specs)
            if spec.vocabulary
        }
        self.pool = MeanPool()
        self.layers_ = [keras.layers.Dense(hidden, activation="relu") for _ in range(depth)]
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs, training=False):
        """Columns, a dict of tensors [batch, ...] or one tensor, to logits [batch, outputs]."""
        columns = inputs if isinstance(inputs, dict) else {self.specs[0].name: inputs}
        parts, numbers = [], []
        for spec in self.specs:
            column = columns[spec.name]
            if spec.kind == "ids":
                parts.append(self.embeddings[spec.name](column))
            elif spec.kind == "tokens":
                embedded = self.embeddings[spec.name](column)
                parts.append(self.pool(embedded, ops.not_equal(column, 0)))
            else:
                numbers.append(column)
        if numbers:
            numbers = _side_by_side(numbers)
            parts.append(numbers)
            if self.numbers is not None:
                embedded = self.numbers(numbers)
                parts.append(ops.reshape(embedded, (-1, math.prod(embedded.shape[1:]))))
        x = ops.concatenate(parts, axis=-1)
        for layer in self.layers_:
            x = self.dropout(layer(x), training=training)
        return self.logits(x)


def _side_by_side(columns):
    """Tensors [batch, ...] as one [batch, n]; scalars next to each other by one operation."""
    parts = []
    for scalar, group in itertools.groupby(columns, lambda column: len(column.shape) == 1):
        if scalar:
            parts.append(ops.stack(list(group), axis=-1))
        else:
            parts += [ops.reshape(c, (-1, math.prod(c.shape[1:]))) for c in group]
    return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def _width(spec):
    """Width of an embedding: fastai's rule of thumb for a category, 64 for a token."""
    return 64 if spec.kind == "tokens" else min(32, round(1.6 * spec.vocabulary**0.56))
