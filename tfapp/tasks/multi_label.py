"""Any number of labels an example: one sigmoid each, binary cross-entropy, probabilities.

With logits z and t = 1 for each label that the example has, the loss is the mean over labels of
-t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)): binary relevance in one network (Tsoumakas, Katakis
& Vlahavas, "Mining Multi-label Data", 2010; Nam et al., arXiv:1312.5419, on this loss).
"""

import copy
import math

import tensorflow as tf

from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.label_sets import SubsetAccuracy, joint_log_loss, log_losses
from tfapp.metrics.temperature import Temperature
from tfapp.tasks.task import Adjustment, Objective, Task, float_outputs

SEPARATOR = "|"  # between the labels of an answer


class MultiLabel(Task):
    """Learns a `LabelSpec` of kind "multi_label" from logits [batch, num_classes]."""

    name = "multi_label"
    loss_names = ("binary_crossentropy",)

    def __init__(self, label, loss="auto", *, label_smoothing=0.0):
        """
        Args:
          label: a `LabelSpec` of kind "multi_label".
          loss: one of `loss_names`, or auto.
          label_smoothing: the share s of each label's target that is spread over present and
            absent: 1 becomes 1 - s / 2, and 0 becomes s / 2.
        """
        super().__init__(
            loss,
            monitor=("micro_f1", "max"),
            training_metrics=(SubsetAccuracy(),),
            more_metrics=metrics_for(label),
        )
        self._smoothing = label_smoothing
        self._label = label
        self._temperature = 1.0

    def objective(self, call, batch):
        """From logits, and labels [batch, labels]: 1 for each that the example has, else 0."""
        logits = float_outputs(call(batch.inputs), rank=2, width=self._label.num_classes)
        if not batch.training:
            logits = logits / self._temperature
        targets = tf.cast(batch.labels, tf.float32)
        smooth = targets * (1 - self._smoothing) + self._smoothing / 2
        losses = tf.reduce_mean(log_losses(logits, smooth), axis=-1)
        return Objective(losses, logits, targets)

    def combine(self, outputs):
        """[batch, members, labels] -> logits of the mean of the members' probabilities."""
        logits, members = tf.cast(outputs, tf.float32), math.log(outputs.shape[1])
        present = tf.reduce_logsumexp(tf.math.log_sigmoid(logits), axis=1) - members
        absent = tf.reduce_logsumexp(tf.math.log_sigmoid(-logits), axis=1) - members
        return present - absent

    def adjustments(self):
        """One temperature for the logits of all labels."""
        return (Adjustment(Temperature(joint_log_loss), calibrates=True),)

    def adjusted(self, numbers):
        """See `Task`; numbers: {"temperature": float above 0}."""
        temperature = numbers.get("temperature", self._temperature)
        if temperature == self._temperature:
            return self
        task = copy.copy(self)
        task._temperature = temperature
        return task

    def adjustment_note(self, numbers):
        """See `Task`."""
        return f"logits divided by {numbers['temperature']:.3f}"

    def answers(self, outputs, inputs):
        """What the served model returns.

        Returns:
          probabilities: float32 [batch, labels], of each label by itself; they need not sum to 1.
          labels: string [batch], the names of those of at least a half, in the order of the labels,
            with `SEPARATOR` between them; empty if there is none.
        """
        del inputs
        logits = tf.cast(outputs, tf.float32) / self._temperature
        names = tf.constant([f"{SEPARATOR}{name}" for name in self._label.class_names])
        joined = tf.strings.reduce_join(tf.where(logits >= 0, names, ""), axis=-1)
        return {
            "probabilities": tf.sigmoid(logits),
            "labels": tf.strings.regex_replace(joined, rf"^\{SEPARATOR}", ""),
        }
