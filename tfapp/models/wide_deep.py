"""Wide & Deep: a linear model of columns and their crosses, and an MLP, trained jointly.

Cheng et al., "Wide & Deep Learning for Recommender Systems", arXiv:1606.07792. The wide part
memorises combinations of categories, the deep part generalises over embeddings; figure 4 has the
sizes. Both are trained by one optimizer here, not the wide part by FTRL.
"""

import keras

from tfapp.models.layers.columns import Columns, LinearColumns, joined


class WideDeep(keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(
        self,
        inputs,
        outputs=1,
        hidden=(1024, 512, 256),
        category_width=32,
        crosses=32,
        dropout=0.1,
        **kwargs,
    ):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          hidden: units of each hidden layer of the deep part.
          category_width: width of the embedding of a category, or of a token.
          crosses: the most pairs of columns of categories that the wide part crosses; those with
            the fewest combinations are taken.
          dropout: rate after each hidden layer.
        """
        super().__init__(**kwargs)
        self.wide = LinearColumns(inputs, outputs, crosses=crosses, name="wide")
        self.columns = Columns(inputs, one_hot=0, width_of=lambda spec: category_width)
        self.hidden = [keras.layers.Dense(units, activation="relu") for units in hidden]
        self.dropout = keras.layers.Dropout(dropout)
        self.deep = keras.layers.Dense(outputs, name="deep")

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs, training=False):
        """Columns, a dict of tensors [batch, ...] or one tensor, to logits [batch, outputs]."""
        x = joined(self.columns(inputs))
        for layer in self.hidden:
            x = self.dropout(layer(x), training=training)
        return self.wide(inputs) + self.deep(x)
