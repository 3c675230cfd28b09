"""One class an example: softmax cross-entropy, accuracy, probabilities.

With logits z and true class c the loss is -log softmax(z)_c = log(sum_j exp z_j) - z_c: the
cross-entropy of one-hot targets (Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 6.29).
"""

import copy
import math

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.flag_values import parse_threshold
from tfapp.metrics.accuracy import Accuracy
from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.confusion import ConfusionMatrix, MacroF1
from tfapp.metrics.temperature import Temperature
from tfapp.metrics.threshold import AtThreshold, Threshold
from tfapp.tasks.task import Adjustment, Objective, Task, float_outputs

# Metrics of the class that is answered; the others are of probabilities.
_OF_ANSWERS = (Accuracy, MacroF1, ConfusionMatrix)


class Classification(Task):
    """Learns a `LabelSpec` of kind "class" from logits [batch, num_classes]."""

    name = "classification"
    loss_names = ("sparse_categorical_crossentropy", "mean_squared_error")

    def __init__(
        self, label, loss="auto", *, label_smoothing=0.0, class_weight=None, threshold="0.5"
    ):
        """
        Args:
          label: a `LabelSpec` of kind "class".
          loss: one of `loss_names`, or auto for the first.
          label_smoothing: the share s of the target spread evenly over all classes, the true class
            keeps 1 - s + s / classes (Szegedy et al., arXiv:1512.00567, sec. 7).
          class_weight: float [num_classes], factors of the training loss; None: all 1.
          threshold: of two classes, the probability of the second from which it is answered, or
            what `flag_values.parse_threshold` takes.

        Raises:
          UsageError: a threshold for more than two classes.
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
        self._log_odds, self._goal = 0.0, ""
        if threshold != "0.5":
            if label.num_classes != 2:
                raise UsageError(
                    f"--threshold={threshold}: {label.name} has {label.num_classes} classes; a "
                    "threshold tells two apart"
                )
            probability, self._goal = parse_threshold(threshold)
            if not self._goal:
                self._answer_from(probability)

    def adjustments(self):
        """The temperature by which logits are divided; then the threshold, where one is chosen."""
        temperature = Adjustment(Temperature(), calibrates=True)
        return (temperature, *((Adjustment(Threshold(self._goal)),) if self._goal else ()))

    def adjusted(self, numbers):
        """See `Task`; numbers: {"temperature": float above 0, "threshold": a probability}."""
        temperature = numbers.get("temperature", self._temperature)
        threshold = numbers.get("threshold", 0.5) if self._goal else 0.5
        if temperature == self._temperature and threshold == 0.5:
            return self
        task = copy.copy(self)
        task._temperature = temperature
        if threshold != 0.5:
            task._answer_from(threshold)
        return task

    def adjustment_note(self, numbers):
        """See `Task`."""
        if "temperature" in numbers:
            return f"logits divided by {numbers['temperature']:.3f}"
        return (
            f"{self._label.class_names[1]!r} is answered from a probability of "
            f"{numbers['threshold']:.4g} on, for the best {self._goal}"
        )

    def _answer_from(self, threshold):
        """Answers the second class from this probability on, and measures so."""
        self._log_odds = math.log(threshold) - math.log1p(-threshold)
        self.training_metrics, self.evaluation_metrics = (
            tuple(AtThreshold(m, self._log_odds) if isinstance(m, _OF_ANSWERS) else m for m in some)
            for some in (self.training_metrics, self.evaluation_metrics)
        )

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
          class_id: int64 [batch], the most probable class, or by the threshold.
          class_name: string [batch], its name.
        """
        del inputs
        scaled = self._scaled(tf.cast(outputs, tf.float32))
        probabilities = tf.nn.softmax(scaled)
        class_id = tf.argmax(probabilities, axis=-1)
        if self._log_odds:
            class_id = tf.cast(scaled[:, 1] - scaled[:, 0] > self._log_odds, tf.int64)
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
