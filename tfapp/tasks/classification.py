"""One class an example: softmax cross-entropy, accuracy, probabilities.

With logits z and true class c the loss is -log softmax(z)_c = log(sum_j exp z_j) - z_c: the
cross-entropy of one-hot targets (Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 6.29).
"""

import copy
import math

import tensorflow as tf

from tfapp.metrics.accuracy import Accuracy
from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.temperature import Temperature
from tfapp.tasks.task import Objective, Task, float_outputs


class Classification(Task):
    """Learns a `LabelSpec` of kind "class" from logits [batch, num_classes]."""

    name = "classification"
    loss_names = ("sparse_categorical_crossentropy", "mean_squared_error")

    def __init__(self, label, loss="auto", *, label_smoothing=0.0, class_weight=None):
        """
        Args:
          label: a `LabelSpec` of kind "class".
          loss: one of `loss_names`, or auto for the first.
          label_smoothing: the share s of the target spread evenly over all classes, the true class
            keeps 1 - s + s / classes (Szegedy et al., arXiv:1512.00567, sec. 7).
          class_weight: float [num_classes], factors of the training loss; None: all 1.
        """
        super().__init__(
            loss,
            monitor=("accuracy", "max"),
            training_metrics=(Accuracy(),),
            more_metrics=metrics_for(label),
        )
        self._smoothing = label_smoothing
        self._class_weight = class_weight
        self._label = label
        self._temperature = 1.0

    def calibration(self):
        """The temperature by which logits are divided."""
        return Temperature()

    def calibrated(self, numbers):
        """See `Task`; numbers: {"temperature": float above 0}."""
        temperature = numbers.get("temperature", 1.0)
        if temperature == self._temperature:
            return self
        task = copy.copy(self)
        task._temperature = temperature
        return task

    def calibration_note(self, numbers):
        """See `Task`."""
        return f"logits divided by {numbers['temperature']:.3f}"

    def objective(self, call, batch):
        """From logits, and labels int32 [batch] or float32 [batch, classes].

        The latter are the shares of a mixed example's classes.
        """
        logits = float_outputs(call(batch.inputs), rank=2, width=self._label.num_classes)
        if not batch.training:
            logits = self._scaled(logits)
        losses = self._losses(logits, batch.labels)
        return Objective(losses, logits, batch.labels, self._weights(batch.labels))

    def combine(self, outputs):
        """[batch, members, classes] -> logits of the mean of the members' probabilities."""
        log_probabilities = tf.nn.log_softmax(tf.cast(outputs, tf.float32))
        return tf.reduce_logsumexp(log_probabilities, axis=1) - math.log(outputs.shape[1])

    def answers(self, outputs, inputs):
        """What the served model returns.

        Returns:
          probabilities: float32 [batch, classes], the softmax of the logits over the temperature.
          class_id: int64 [batch], the most probable class.
          class_name: string [batch], its name.
        """
        del inputs
        probabilities = tf.nn.softmax(self._scaled(tf.cast(outputs, tf.float32)))
        class_id = tf.argmax(probabilities, axis=-1)
        names = tf.constant(self._label.class_names)
        return {
            "probabilities": probabilities,
            "class_id": class_id,
            "class_name": tf.gather(names, class_id),
        }

    def _scaled(self, logits):
        return logits if self._temperature == 1 else logits / self._temperature

    def _losses(self, logits, labels):
        if self.loss_name == "mean_squared_error":
            difference = tf.nn.softmax(logits) - self._targets(labels)
            return tf.reduce_mean(tf.square(difference), axis=-1)
        if self._smoothing or len(labels.shape) == 2:
            return tf.nn.softmax_cross_entropy_with_logits(self._targets(labels), logits)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    def _weights(self, labels):
        """float32 [batch], the class weight of each example, or 1.0."""
        if self._class_weight is None:
            return 1.0
        weights = tf.constant(self._class_weight, tf.float32)
        if len(labels.shape) == 2:
            return tf.linalg.matvec(labels, weights)
        return tf.gather(weights, labels)

    def _targets(self, labels):
        """float32 [batch, classes]: one-hot, smoothed."""
        share = self._smoothing / self._label.num_classes
        if len(labels.shape) == 2:
            return labels * (1 - self._smoothing) + share
        return tf.one_hot(labels, self._label.num_classes, 1 - self._smoothing + share, share)
