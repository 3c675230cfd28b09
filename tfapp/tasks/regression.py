"""Real values: mean squared error, MSE = mean((y - t)^2) over a label's values.

The model learns the standardised target, t = (label - mean) / standard deviation of train; answers
and errors are in the label's own unit, the loss is not. Several columns are learnt by one network,
each standardised by itself, so that they weigh alike.
"""

import numpy as np
import tensorflow as tf

from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.regression import (
    ErrorSpread,
    MeanAbsoluteError,
    MeanSquaredError,
    TargetErrors,
)
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
        training = (MeanAbsoluteError(self._scale), MeanSquaredError(self._scale))
        more = (ErrorSpread(self._scale),)
        if label.value_names:  # of units of their own, which no sum of errors may mix
            training, more = (TargetErrors(label.value_names, self._scale),), ()
        super().__init__(
            loss,
            monitor=("loss", "min"),
            training_metrics=training,
            more_metrics=(*more, *metrics_for(label)),
        )

    def objective(self, call, batch):
        """The squared error of the standardised values, which the metrics are given too."""
        outputs = float_outputs(call(batch.inputs), rank=2, width=self._label.num_outputs)
        labels = tf.reshape(tf.cast(batch.labels, tf.float32), (-1, outputs.shape[-1]))
        labels = (labels - self._mean) / self._scale
        losses = tf.reduce_mean(tf.square(outputs - labels), axis=-1)
        return Objective(losses, outputs, labels)

    def answers(self, outputs, inputs):
        """{"value": float32 [batch, *label shape]}; of several columns value_NAME [batch] each."""
        del inputs
        values = tf.cast(outputs, tf.float32) * self._scale + self._mean
        if self._label.value_names:
            columns = zip(self._label.value_names, tf.unstack(values, axis=-1), strict=True)
            return {f"value_{name}": column for name, column in columns}
        return {"value": tf.reshape(values, (-1, *self._label.shape))}
