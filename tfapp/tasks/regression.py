"""Real values: mean squared error, MSE = mean((y - t)^2) over a label's values.

The model learns the standardised target, t = (label - mean) / standard deviation of train, or the
standardised logarithm of the label; answers and errors are in the label's own unit, the loss is
not. The exponential of a predicted logarithm is made a mean by a factor (`metrics.smearing`).
Several columns are learnt by one network, each standardised by itself, so that they weigh alike.
"""

import copy

import numpy as np
import tensorflow as tf

from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.regression import (
    ErrorSpread,
    MeanAbsoluteError,
    MeanSquaredError,
    TargetErrors,
)
from tfapp.metrics.smearing import Smearing
from tfapp.tasks.task import Adjustment, Objective, Task, float_outputs

_BEYOND = 0.7  # how far a predicted logarithm may exceed train's largest: twice its value


class Regression(Task):
    """Learns a `LabelSpec` of kind "real" from outputs [batch, values]."""

    name = "regression"
    loss_names = ("mean_squared_error",)

    def __init__(self, label, loss="auto", *, target=(0.0, 1.0)):
        """
        Args:
          label: a `LabelSpec` of kind "real".
          loss: mean_squared_error, or auto.
          target: (mean, standard deviation) of the label on train, floats of its shape. Where
            log(label + s) is learnt, (mean, standard deviation, s, largest value) of that.
        """
        self._label = label
        self._mean, self._scale = (
            tf.constant(np.reshape(np.broadcast_to(part, label.shape), -1), tf.float32)
            for part in target[:2]
        )
        self._shift, self._largest = target[2:] or (None, None)
        self._smearing = 1.0
        unit = self._scale if self._shift is None else 1.0  # of what the metrics are given
        training, more = (MeanAbsoluteError(unit), MeanSquaredError(unit)), (ErrorSpread(unit),)
        if label.value_names:  # of units of their own, which no sum of errors may mix
            training, more = (TargetErrors(label.value_names, self._scale),), ()
        super().__init__(
            loss,
            monitor=("loss", "min"),
            training_metrics=training,
            more_metrics=(*more, *metrics_for(label)),
        )

    def objective(self, call, batch):
        """The squared error of the standardised values.

        The metrics are given these too; values in the label's unit where its logarithm is learnt.
        """
        outputs = float_outputs(call(batch.inputs), rank=2, width=self._label.num_outputs)
        labels = tf.reshape(tf.cast(batch.labels, tf.float32), (-1, outputs.shape[-1]))
        learnt = labels if self._shift is None else tf.math.log(labels + self._shift)
        target = (learnt - self._mean) / self._scale
        losses = tf.reduce_mean(tf.square(outputs - target), axis=-1)
        if self._shift is None:
            return Objective(losses, outputs, target)
        return Objective(losses, self._values(outputs), labels)

    def answers(self, outputs, inputs):
        """{"value": float32 [batch, *label shape]}; of several columns value_NAME [batch] each."""
        del inputs
        values = self._values(tf.cast(outputs, tf.float32))
        if self._label.value_names:
            columns = zip(self._label.value_names, tf.unstack(values, axis=-1), strict=True)
            return {f"value_{name}": column for name, column in columns}
        return {"value": tf.reshape(values, (-1, *self._label.shape))}

    def adjustments(self):
        """The factor that makes a mean of the exponential of a logarithm."""
        return () if self._shift is None else (Adjustment(Smearing(self._shift)),)

    def adjusted(self, numbers):
        """See `Task`; numbers: {"smearing": float above 0}."""
        smearing = numbers.get("smearing", self._smearing)
        if smearing == self._smearing:
            return self
        task = copy.copy(self)
        task._smearing = smearing
        return task

    def adjustment_note(self, numbers):
        """See `Task`."""
        return f"exp(predicted logarithm) times {numbers['smearing']:.3f} is the mean"

    def _values(self, outputs):
        """Outputs in the label's unit."""
        values = outputs * self._scale + self._mean
        if self._shift is None:
            return values
        means = tf.exp(tf.minimum(values, self._largest + _BEYOND)) * self._smearing
        return tf.maximum(means - self._shift, 0.0)
