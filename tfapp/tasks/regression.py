"""Real values: mean squared error, MSE = mean((y - t)^2) over a label's values.

The model learns the standardised target, t = (label - mean) / standard deviation of train; answers
and errors are in the label's own unit, the loss is not.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.regression import ErrorSpread, MeanAbsoluteError, MeanSquaredError
from tfapp.tasks.task import Objective, Task, float_outputs


class Regression(Task):
    """Learns a `LabelSpec` of kind "real" from outputs [batch, values]."""

    name = "regression"
    loss_names = ("mean_squared_error",)

    def __init__(self, label, loss="auto", *, target=(0.0, 1.0)):
        """
        Args:
          label: a `LabelSpec` of kind "real".
          loss: mean_squared_error, or auto.
          target: (mean, standard deviation) of the label on train, floats of its shape.
        """
        self._label = label
        self._mean, self._scale = (
            tf.constant(np.reshape(np.broadcast_to(part, label.shape), -1), tf.float32)
            for part in target
        )
        super().__init__(
            loss,
            monitor=("loss", "min"),
            training_metrics=(
                MeanAbsoluteError(self._scale),
                MeanSquaredError(self._scale),
            ),
            more_metrics=(ErrorSpread(self._scale), *metrics_for(label)),
        )

    def objective(self, call, batch):
        """The squared error of the standardised values, which the metrics are given too."""
        outputs = float_outputs(call(batch.inputs), rank=2, width=self._label.num_outputs)
        labels = tf.reshape(tf.cast(batch.labels, tf.float32), (-1, outputs.shape[-1]))
        labels = (labels - self._mean) / self._scale
        losses = tf.reduce_mean(tf.square(outputs - labels), axis=-1)
        return Objective(losses, outputs, labels)

    def answers(self, outputs, inputs):
        """{"value": float32 [batch, *label shape]}."""
        del inputs
        values = tf.cast(outputs, tf.float32) * self._scale + self._mean
        return {"value": tf.reshape(values, (-1, *self._label.shape))}
