"""Real values: mean squared error, MSE = mean((y - t)^2) over a label's values.

The model learns the standardised target, t = (label - mean) / deviation of train; answers and
metrics are in the label's own unit, the loss is not.
"""

import numpy as np
import tensorflow as tf

from tfapp.errors import UsageError


class Regression:
    """Learns `label`, a `LabelSpec` of kind "real", from outputs [batch, values]."""

    metric_names = ("mean_absolute_error", "mean_squared_error")

    def __init__(self, label, loss="auto", *, target=(0.0, 1.0)):
        """
        Args:
          label: a `LabelSpec` of kind "real".
          loss: mean_squared_error, or auto.
          target: (mean, deviation) of the label on train, floats of its shape.
        """
        if loss not in ("auto", "mean_squared_error"):
            raise UsageError(f"--loss={loss}: unknown for regression (mean_squared_error)")
        self.loss_name = "mean_squared_error"
        self._label = label
        self._mean, self._deviation = (
            tf.constant(np.reshape(np.broadcast_to(part, label.shape), -1), tf.float32)
            for part in target
        )
        self.monitor = ("loss", "min")

    def losses(self, outputs, labels):
        """float32 [batch]: squared error of the standardised values, averaged over them."""
        return tf.reduce_mean(tf.square(self._difference(outputs, labels)), axis=-1)

    def weights(self, labels):
        """1.0: all examples count alike."""
        del labels
        return 1.0

    def metrics(self, outputs, labels):
        """Errors in the label's unit, and its square, float32 [batch]."""
        difference = self._difference(outputs, labels) * self._deviation
        return {
            "mean_absolute_error": tf.reduce_mean(tf.abs(difference), axis=-1),
            "mean_squared_error": tf.reduce_mean(tf.square(difference), axis=-1),
        }

    def derived(self, averages):
        """{"root_mean_squared_error": float}, in the label's unit."""
        return {"root_mean_squared_error": averages["mean_squared_error"] ** 0.5}

    def answers(self, outputs):
        """{"value": float32 [batch, *label shape]}."""
        values = tf.cast(outputs, tf.float32) * self._deviation + self._mean
        return {"value": tf.reshape(values, (-1, *self._label.shape))}

    def _difference(self, outputs, labels):
        outputs = tf.cast(outputs, tf.float32)
        labels = tf.reshape(tf.cast(labels, tf.float32), tf.shape(outputs))
        return outputs - (labels - self._mean) / self._deviation
