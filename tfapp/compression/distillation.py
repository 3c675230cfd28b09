"""Distillation: a small model learns what a large one answers, in addition to the labels.

Hinton, Vinyals & Dean, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531. Logits of
classes are divided by a temperature T, so that the probabilities of wrong classes show. The
divergence is multiplied by T squared, which keeps the size of its gradient (sec. 2). Real values
are learnt by the mean squared error to the teacher's.
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.ensemble import members_of
from tfapp.training.forward import forward
from tfapp.training.teacher import Teacher

_KINDS = ("class", "real")  # of labels


def check_kind(flag, label):
    """Raises UsageError if a model cannot be taught a `LabelSpec`; `flag` begins the message."""
    if label.kind not in _KINDS:
        raise UsageError(
            f"{flag}: the label {label.name!r} is of kind {label.kind}; classes and real values "
            "can be distilled"
        )


class Distillation(Teacher):
    """A trained model as a teacher."""

    def __init__(
        self, *, model, weights, preprocess, read_outputs, combine, kind, weight, temperature
    ):
        """
        Args:
          model: a `keras.Model` that has been called.
          weights: () -> (trainable, non-trainable) values, NumPy arrays in the variables' order.
          preprocess: encoded batch -> its inputs.
          read_outputs: its `OutputReader`.
          combine: `Task.combine`, for an ensemble.
          kind: of the label, "class" or "real".
          weight: share of the teacher in the loss, the labels have the rest.
          temperature: by which the logits of classes are divided.
        """
        self.model = model
        self._weights = weights
        self._preprocess = preprocess
        self._read_outputs = read_outputs
        self._combine = combine if members_of(model) else lambda outputs: outputs
        self._classes = kind == "class"
        self._weight = weight
        self._temperature = temperature

    def variables(self):
        return tuple(
            keras.Variable(
                tf.constant(value), dtype=value.dtype.name, trainable=False, name=f"teacher_{i}"
            )
            for i, value in enumerate(value for part in self._weights() for value in part)
        )

    def outputs(self, weights, batch):
        count = len(self.model.trainable_variables)
        called = forward(
            self.model, weights[:count], weights[count:], self._preprocess(batch), training=False
        )
        outputs = self._read_outputs(called.outputs, called.activation, training=False)
        return tf.cast(self._combine(outputs), tf.float32)

    def losses(self, losses, outputs, taught):
        outputs = tf.cast(outputs, tf.float32)
        if outputs.shape.rank > taught.shape.rank:  # the same for each member
            taught = taught[:, None]
        difference = (
            self._divergence(outputs, taught)
            if self._classes
            else tf.reduce_mean(tf.square(outputs - taught), axis=-1)
        )
        difference = tf.reshape(difference, (tf.shape(losses)[0], -1))
        return (1 - self._weight) * losses + self._weight * tf.reduce_mean(difference, axis=1)

    def _divergence(self, logits, taught):
        """Kullback-Leibler, from the teacher's distribution to the model's."""
        theirs = tf.nn.log_softmax(taught / self._temperature)
        mine = tf.nn.log_softmax(logits / self._temperature)
        return self._temperature**2 * tf.reduce_sum(tf.exp(theirs) * (theirs - mine), axis=-1)
