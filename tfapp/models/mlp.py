"""The seed network: one hidden layer, y = softmax(W2 relu(W1 x + b1) + b2).

The model leaves the softmax out. Training uses the logits W2 relu(...) + b2, because a fused
softmax cross-entropy (log-sum-exp) neither overflows nor loses precision; the softmax is applied to
answers, by `tfapp.tasks.classification.Classification.answers`, which the exported model uses as
well. Together they equal Dense(10, softmax) trained with sparse_categorical_crossentropy.
"""

import keras


class Net(keras.Model):
    """Dense(hidden, activation), Dense(outputs), on the flattened input."""

    def __init__(self, hidden=128, outputs=10, activation="relu", **kwargs):
        """
        Args:
          hidden: units of the hidden layer.
          outputs: number of classes, or of values to predict.
          activation: Keras activation of the hidden layer.
        """
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(hidden, activation=activation)
        self.outputs_layer = keras.layers.Dense(outputs, name="logits")

    def call(self, inputs):
        """Features [batch, ...], or a dict of them, to logits [batch, outputs]."""
        if isinstance(inputs, dict):
            inputs = [self.flatten(inputs[name]) for name in sorted(inputs)]
            x = keras.ops.concatenate(inputs, axis=-1)
        else:
            x = self.flatten(inputs)
        return self.outputs_layer(self.hidden(x))
