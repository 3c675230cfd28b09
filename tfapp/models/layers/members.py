"""Layers whose weights are a member's own: the adapters and heads of an ensemble.

Gorishniy, Kotelnikov & Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
Ensembling", arXiv:2410.24210. Members come first, [members, batch, width], so that no product has
to move an axis.
"""

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.weight_decay import NamesDecayedWeights


class Adapters(NamesDecayedWeights, keras.layers.Layer):
    """[batch, width] -> [members, batch, width]: an elementwise factor for each member (R)."""

    def __init__(self, members, groups, initial="normal", **kwargs):
        """
        Args:
          members: number of them.
          groups: the sizes of the groups of neighbouring inputs that start with one factor: the
            embedding of a column is one group, so that members differ by columns.
          initial: "normal", with mean 0 and standard deviation 1, or "signs", -1 or 1.
        """
        super().__init__(**kwargs)
        if initial not in ("normal", "signs"):
            raise UsageError(f"adapters={initial}: must be normal or signs")
        self._members, self._groups, self._initial = members, tuple(groups), initial

    def build(self, shape):
        del shape
        self.factors = self.add_weight(
            name="factors", shape=(self._members, sum(self._groups)), initializer=self._draw
        )

    def decayed_weights(self):
        """None: a factor of zero would switch an input off."""
        return []

    def call(self, x):
        return x[None] * self.factors[:, None]

    def _draw(self, shape, dtype=None):
        drawn = keras.random.normal((shape[0], len(self._groups)), dtype=dtype)
        drawn = ops.where(drawn < 0, -1.0, 1.0) if self._initial == "signs" else drawn
        return ops.repeat(drawn, self._groups, axis=1)


class Heads(NamesDecayedWeights, keras.layers.Layer):
    """[members, batch, width] -> [batch, members, outputs]: a linear layer for each member."""

    def __init__(self, outputs, **kwargs):
        super().__init__(**kwargs)
        self._outputs = outputs

    def build(self, shape):
        members, _, width = shape
        limit = width**-0.5
        self.kernel = self.add_weight(
            name="kernel",
            shape=(members, width, self._outputs),
            initializer=keras.initializers.RandomUniform(-limit, limit),
        )
        self.bias = self.add_weight(
            name="bias", shape=(members, 1, self._outputs), initializer="zeros"
        )

    def decayed_weights(self):
        """Not the bias, whose axis of members makes it look like a kernel."""
        return [self.kernel]

    def call(self, x):
        return ops.transpose(ops.matmul(x, self.kernel) + self.bias, (1, 0, 2))
