"""Variables for what layers make of their weights once, in place of these weights."""

import tensorflow as tf

from tfapp.export.kept_weights import KeptWeights, Unused, forms_of
from tfapp.models.prepared import layers_that_prepare, prepared_once
from tfapp.runtime import private_api


class PreparedWeights:
    """What the layers of a model that are a `PreparesWeights` have made.

    Attributes:
      replaced: position among the model's trainable variables -> `Unused`, of those that only these
        layers need.
    """

    def __init__(self, model, weights, kept_in):
        """
        Args:
          model: a built `keras.Model`.
          weights: (values of its trainable variables, values of the others), in their order.
          kept_in: tf.DType of float32 tensors of two dimensions or more, see `Servable`.
        """
        self._model = model
        self._layers = layers_that_prepare(model)
        replaced = {id(v) for layer in self._layers for v in layer.weights_replaced()}
        self.replaced = {
            i: Unused(value.shape, tf.as_dtype(value.dtype))
            for i, (v, value) in enumerate(zip(model.trainable_variables, weights[0], strict=True))
            if id(v) in replaced
        }
        made = self._make(weights)
        self._sizes = [len(tensors) for tensors in made]
        flat = [tensor for tensors in made for tensor in tensors]
        self._kept = KeptWeights(flat, forms_of(flat, kept_in), trainable=True)

    @property
    def variables(self):
        """A tuple of tf.Variable."""
        return self._kept.variables

    def used(self):
        """A context in which the layers take the variables' values."""
        flat = iter(self._kept.read())
        made = [tuple(next(flat) for _ in range(size)) for size in self._sizes]
        return prepared_once(zip(self._layers, made, strict=True))

    def assign(self, weights):
        """Makes everything anew of other weights; see `KeptWeights.assign`."""
        self._kept.assign([tensor for tensors in self._make(weights) for tensor in tensors])

    def release(self):
        """See `KeptWeights.release`."""
        self._kept.release()

    def _make(self, weights):
        """For each layer a tuple of tensors."""
        if not self._layers:
            return []
        variables = self._model.trainable_variables, self._model.non_trainable_variables
        pairs = [
            [(v, tf.convert_to_tensor(value)) for v, value in zip(own, values, strict=True)]
            for own, values in zip(variables, weights, strict=True)
        ]
        with tf.device("CPU:0"), private_api.VariableValues(*pairs):
            return [layer.prepare() for layer in self._layers]
