"""DCN-V2: layers that cross features explicitly, with a deep network after or next to them.

Wang et al., "DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to
Rank Systems", arXiv:2008.13535: l cross layers give all polynomials of the columns up to degree
l + 1.
"""

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.layers.columns import Columns, joined

_STRUCTURES = ("stacked", "parallel")


class DCNV2(keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(
        self,
        inputs,
        outputs=1,
        cross_layers=3,
        rank=0,
        hidden=(512, 512),
        structure="stacked",
        dropout=0.1,
        **kwargs,
    ):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          cross_layers: number of them.
          rank: of the matrix of a cross layer, which is then a product of two (section 3.3); 0:
            the matrix has full rank.
          hidden: units of each hidden layer of the deep network.
          structure: "stacked", the deep network sees what the cross layers give, or "parallel", it
            sees the columns (figure 1).
          dropout: rate after each hidden layer.
        """
        super().__init__(**kwargs)
        if structure not in _STRUCTURES:
            raise UsageError(f"structure={structure}: must be one of {', '.join(_STRUCTURES)}")
        self._stacked = structure == "stacked"
        self.columns = Columns(inputs, one_hot=0, width_of=_width)
        self.crosses = [Cross(rank) for _ in range(cross_layers)]
        self.hidden = [keras.layers.Dense(units, activation="relu") for units in hidden]
        self.dropout = keras.layers.Dropout(dropout)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs, training=False):
        """Columns, a dict of tensors [batch, ...] or one tensor, to logits [batch, outputs]."""
        first = joined(self.columns(inputs))
        crossed = first
        for layer in self.crosses:
            crossed = layer(first, crossed)
        deep = crossed if self._stacked else first
        for layer in self.hidden:
            deep = self.dropout(layer(deep), training=training)
        return self.logits(deep if self._stacked else joined([crossed, deep]))


class Cross(keras.layers.Layer):
    """x -> x0 * (W x + b) + x, all [batch, width]: equation 1; W = U V: equation 2."""

    def __init__(self, rank=0, **kwargs):
        super().__init__(**kwargs)
        self._rank = rank

    def build(self, first_shape, x_shape):
        del first_shape
        width = x_shape[-1]
        self.narrow = None
        if 0 < self._rank < width:
            self.narrow = keras.layers.Dense(self._rank, use_bias=False, name="narrow")
        self.widen = keras.layers.Dense(width, name="widen")

    def call(self, first, x):
        y = x if self.narrow is None else self.narrow(x)
        return ops.add(ops.multiply(first, self.widen(y)), x)


def _width(spec):
    """Width of an embedding: 6 * vocabulary ** 0.25, as in Wang et al., arXiv:1708.05123."""
    return round(6 * spec.vocabulary**0.25)
