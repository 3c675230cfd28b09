"""TabM: an ensemble of MLPs that share their weights, over embedded numbers and categories.

Gorishniy, Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling", arXiv:2410.24210, the variant TabM-mini: each of k members multiplies the shared
embedding of the columns elementwise by factors of its own (R), all go through one MLP, and each has
a linear head of its own. Numbers come robustly scaled and smoothly clipped, as in RealMLP
(Holzmüller, Grinsztajn & Steinwart, arXiv:2407.04491), from `tfapp.data.preprocessing.robust`.
"""

import math

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.ensemble import Ensemble
from tfapp.models.layers import MeanPool
from tfapp.models.layers.members import Adapters, Heads
from tfapp.models.layers.numbers import PeriodicNumbers, PiecewiseLinearNumbers

# Of pooled tokens, whose table starts with a standard deviation of 1. Adam moves rare tokens as
# fast as common ones: from a small start, a few hundred steps are enough to tell the rows of a
# small table apart by their words.
_TOKEN_SCALE = 0.1
_EMBEDDINGS = ("piecewise_linear", "periodic", "none")


class TabM(Ensemble, keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(
        self,
        inputs,
        outputs=1,
        members=16,
        width=128,
        depth=2,
        dropout=0.1,
        activation="relu",
        numbers="piecewise_linear",
        number_width=8,
        frequencies=16,
        frequency_scale=0.1,
        one_hot=32,
        adapters="normal",
        linear=True,
        **kwargs,
    ):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          members: of the ensemble (k); 32 in the paper.
          width: units in each hidden layer.
          depth: number of hidden layers.
          dropout: rate after each hidden layer.
          activation: Keras activation of the hidden layers.
          numbers: how numbers are embedded: piecewise_linear, periodic or none. The first needs the
            quantiles of train, which vectors of numbers do not have: these are not embedded.
          number_width: width of a number's embedding.
          frequencies: number of them for each number, where numbers=periodic.
          frequency_scale: their initial standard deviation, periods per unit of the scaled number.
          one_hot: categories up to which a column is one-hot; those with more are embedded.
          adapters: initial factors of the members: normal or signs.
          linear: whether a linear model of the columns, which starts at zero, is added to each
            member's output.
        """
        super().__init__(**kwargs)
        if numbers not in _EMBEDDINGS:
            raise UsageError(f"numbers={numbers}: must be one of {', '.join(_EMBEDDINGS)}")
        self._members = members
        self.columns = Columns(inputs, one_hot=one_hot)
        self.numbers = None
        edges = self.columns.edges
        if edges and numbers == "piecewise_linear":
            self.numbers = PiecewiseLinearNumbers(edges, number_width)
        elif edges and numbers == "periodic":
            self.numbers = PeriodicNumbers(frequencies, number_width, frequency_scale)
        each = number_width if self.numbers else 1
        self._numbers_width = each * len(edges)
        groups = [each] * len(edges) + [1] * self.columns.width
        self.adapters = Adapters(members, groups, adapters)
        self.hidden = [
            keras.layers.Dense(
                width, activation, kernel_initializer=keras.initializers.LecunUniform()
            )
            for _ in range(depth)
        ]
        self.dropout = keras.layers.Dropout(dropout)
        self.heads = Heads(outputs, name="heads")
        self.linear = (
            keras.layers.Dense(outputs, kernel_initializer="zeros", name="linear")
            if linear
            else None
        )

    @property
    def members(self):
        return self._members

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs, training=False):
        """Columns, a dict of tensors [batch, ...] or one tensor, to [batch, members, outputs]."""
        numbers, others = self.columns(inputs)
        plain = [part for part in (numbers, others) if part is not None]
        embedded = plain
        if self.numbers is not None:
            flat = ops.reshape(self.numbers(numbers), (-1, self._numbers_width))
            embedded = [flat, *plain[1:]]
        x = self.adapters(_joined(embedded))
        for layer in self.hidden:
            x = self.dropout(layer(x), training=training)
        outputs = self.heads(x)
        if self.linear is None:
            return outputs
        return outputs + self.linear(_joined(plain))[:, None]


def _joined(parts):
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


class Columns(keras.layers.Layer):
    """Columns -> (numbers that have bins [batch, n], everything else [batch, width]).

    Either is None if there are none. Numbers without bins stay as they are, categories become
    one-hot or embedded, and texts the mean of their embedded tokens.
    """

    def __init__(self, inputs, *, one_hot, **kwargs):
        """
        Attributes:
          edges: for each of the numbers that have bins, their edges.
          width: of everything else.
        """
        super().__init__(**kwargs)
        self._specs = tuple(inputs)
        self._one_hot = one_hot
        self._categories = [spec for spec in self._specs if spec.vocabulary]
        self._numeric = [spec for spec in self._specs if not spec.vocabulary]
        rows = [row for spec in self._numeric for row in _edges(spec)]
        self.edges = tuple(filter(None, rows))
        self._binned = [i for i, row in enumerate(rows) if row]
        self._plain = [i for i, row in enumerate(rows) if not row]
        self.embeddings = {
            spec.name: _embedding(spec, f"column_{i}")
            for i, spec in enumerate(self._specs)
            if spec.vocabulary and not self._is_one_hot(spec)
        }
        self.pool = MeanPool()
        self.width = len(self._plain) + sum(map(self._category_width, self._categories))

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs):
        columns = inputs if isinstance(inputs, dict) else {self._specs[0].name: inputs}
        parts = [
            self._category(spec, columns[spec.name]) for spec in self._specs if spec.vocabulary
        ]
        binned = None
        if self._numeric:
            flat = ops.concatenate(
                [ops.reshape(columns[s.name], (-1, math.prod(s.shape))) for s in self._numeric],
                axis=-1,
            )
            if self._binned:
                binned = ops.take(flat, self._binned, axis=1)
            if self._plain:
                parts.append(ops.take(flat, self._plain, axis=1))
        return binned, _joined(parts) if parts else None

    def _category(self, spec, ids):
        if self._is_one_hot(spec):
            # Zeros for 0, a category that train does not have: its weights would never be trained.
            return ops.one_hot(ids - 1, spec.vocabulary - 1, dtype=self.compute_dtype)
        embedded = self.embeddings[spec.name](ids)
        if spec.kind == "ids":
            return embedded
        return self.pool(embedded, ops.not_equal(ids, 0)) * _TOKEN_SCALE

    def _category_width(self, spec):
        return spec.vocabulary - 1 if self._is_one_hot(spec) else _width(spec)

    def _is_one_hot(self, spec):
        return spec.kind == "ids" and spec.vocabulary - 1 <= self._one_hot


def _embedding(spec, name):
    initial = "uniform" if spec.kind == "ids" else keras.initializers.RandomNormal(stddev=1.0)
    return keras.layers.Embedding(spec.vocabulary, _width(spec), initial, name=name)


def _edges(spec):
    """A tuple of edges, or (), for each value of a column of numbers."""
    return spec.edges or ((),) * math.prod(spec.shape)


def _width(spec):
    """Width of an embedding: fastai's rule of thumb for a category, 64 for a token."""
    return 64 if spec.kind == "tokens" else min(32, round(1.6 * spec.vocabulary**0.56))
