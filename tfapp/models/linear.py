"""A linear model: ridge regression's and logistic regression's function, trained like the others.

The model that the others have to beat. Its recipe (`presets.py`) decays the weights little, which
is what the penalty of scikit-learn's defaults amounts to.
"""

import keras

from tfapp.models.layers.columns import LinearColumns


class Linear(keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(self, inputs, outputs=1, crosses=0, **kwargs):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          crosses: the most pairs of columns of categories that get weights of their own, one for
            each combination.
        """
        super().__init__(**kwargs)
        self.columns = LinearColumns(inputs, outputs, crosses=crosses, name="logits")

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs):
        """Columns, a dict of tensors [batch, ...] or one tensor, to logits [batch, outputs]."""
        return self.columns(inputs)
