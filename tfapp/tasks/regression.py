"""Real values: mean squared error, MSE = mean((y - t)^2) over a label's values."""

import tensorflow as tf

from tfapp.errors import UsageError


class Regression:
    """Learns `label`, a `LabelSpec` of kind "real", from outputs [batch, values]."""

    metric_names = ("mean_absolute_error",)

    def __init__(self, label, loss="auto"):
        if loss not in ("auto", "mean_squared_error"):
            raise UsageError(f"--loss={loss}: unknown for regression (mean_squared_error)")
        self.loss_name = "mean_squared_error"
        self._label = label
        self.monitor = ("loss", "min")

    def losses(self, outputs, labels):
        """float32 [batch]: squared error averaged over a label's values."""
        return tf.reduce_mean(tf.square(self._difference(outputs, labels)), axis=-1)

    def weights(self, labels):
        """1.0: all examples count alike."""
        del labels
        return 1.0

    def metrics(self, outputs, labels):
        """{"mean_absolute_error": float32 [batch]}."""
        difference = self._difference(outputs, labels)
        return {"mean_absolute_error": tf.reduce_mean(tf.abs(difference), axis=-1)}

    def answers(self, outputs):
        """{"value": float32 [batch, *label shape]}."""
        values = tf.cast(outputs, tf.float32)
        return {"value": tf.reshape(values, (-1, *self._label.shape))}

    def _difference(self, outputs, labels):
        outputs = tf.cast(outputs, tf.float32)
        return outputs - tf.reshape(tf.cast(labels, tf.float32), tf.shape(outputs))
