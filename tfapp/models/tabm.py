"""TabM: an ensemble of MLPs that share their weights, over embedded numbers and categories.

Gorishniy, Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling", arXiv:2410.24210, the variant TabM-mini: each of k members multiplies the shared
embedding of the columns elementwise by factors of its own (R), all go through one MLP, and each has
a linear head of its own. Numbers come robustly scaled and smoothly clipped, as in RealMLP
(Holzmüller, Grinsztajn & Steinwart, arXiv:2407.04491), from `tfapp.data.preprocessing.robust`.
"""

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.ensemble import Ensemble
from tfapp.models.layers.columns import Columns, joined
from tfapp.models.layers.members import Adapters, Heads
from tfapp.models.layers.numbers import PeriodicNumbers, PiecewiseLinearNumbers

_SCALE = 15.0  # of a linear model apart, whose weights grow by small steps in a short run
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
        apart=0.0,
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
          apart: weight, below 1, with which that linear model is trained by a loss of its own
            instead, and its answer is averaged with the members'; 0: it is added.
        """
        super().__init__(**kwargs)
        if numbers not in _EMBEDDINGS:
            raise UsageError(f"numbers={numbers}: must be one of {', '.join(_EMBEDDINGS)}")
        if not 0 <= apart < 1 or (apart and not linear):
            raise UsageError(f"apart={apart}: must be at least 0 and below 1, with linear=True")
        # Repeated among the members, it has about this weight.
        self._repeats = max(round(members * apart / (1 - apart)), 1) if apart else 0
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
        return self._members + self._repeats

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
        x = self.adapters(joined(embedded))
        for layer in self.hidden:
            x = self.dropout(layer(x), training=training)
        outputs = self.heads(x)
        if self.linear is None:
            return outputs
        added = self.linear(joined(plain))[:, None]
        if not self._repeats:
            return outputs + added
        added = ops.repeat(_SCALE * added, self._repeats, axis=1)
        return ops.concatenate([outputs, added], axis=1)
