"""The next token from those before it: cross-entropy a token, perplexity = exp(loss)."""

import math

import tensorflow as tf

from tfapp.metrics.accuracy import correct
from tfapp.metrics.by_label import metrics_for
from tfapp.metrics.mean import Mean
from tfapp.tasks.task import Objective, Task, float_outputs

_PAD = 0  # the id that stands for no token
_LARGEST = 700.0  # whose exponential is still a float


class LanguageModelling(Task):
    """Learns a `LabelSpec` of kind "tokens" from logits [batch, length, vocabulary].

    Losses and metrics of an example are means over its tokens; natural logarithms.
    """

    name = "language_modelling"
    loss_names = ("sparse_categorical_crossentropy",)

    def __init__(self, label, loss="auto"):
        """`label`: a `LabelSpec` of kind "tokens"; `loss`: one of `loss_names`, or auto."""
        super().__init__(
            loss,
            monitor=("loss", "min"),
            training_metrics=(Mean("accuracy", _accuracy, "max"),),
            more_metrics=metrics_for(label),
        )
        self._label = label

    def objective(self, call, batch):
        """From logits and the ids that come next, int32 [batch, length], 0 for none."""
        logits = float_outputs(call(batch.inputs), rank=3, width=self._label.num_classes)
        return Objective(_losses(logits, batch.labels), logits, batch.labels)

    def derived(self, averages):
        """{"perplexity": exp(loss)}."""
        return {"perplexity": math.exp(min(averages["loss"], _LARGEST))}

    def goals(self):
        return {**super().goals(), "perplexity": "min"}

    def answers(self, outputs, inputs):
        """What the served model returns for texts.

        Args:
          outputs: logits [batch, length, vocabulary].
          inputs: their token ids, int32 [batch, length], padded with 0.

        Returns:
          loss: float32 [batch], the mean over the text's own tokens from its second on.
          perplexity: float32 [batch], its exponential.
          next_token: string [batch], the most probable token after the text.
          probabilities: float32 [batch, vocabulary], of the token after the text.
        """
        logits = tf.cast(outputs, tf.float32)
        labels = tf.pad(inputs[:, 1:], [[0, 0], [0, 1]])
        loss = _losses(logits, labels)
        last = tf.maximum(tf.reduce_sum(tf.cast(inputs != _PAD, tf.int32), axis=-1) - 1, 0)
        probabilities = tf.nn.softmax(tf.gather(logits, last, batch_dims=1))
        best = tf.argmax(probabilities, axis=-1)
        return {
            "loss": loss,
            "perplexity": tf.exp(loss),
            "next_token": tf.gather(tf.constant(self._label.class_names), best),
            "probabilities": probabilities,
        }


def _losses(logits, labels):
    """float32 [batch]: cross-entropy a token."""
    return _mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), labels)


def _accuracy(logits, labels):
    """float32 [batch]: the share of tokens that are the most probable ones."""
    return _mean(correct(logits, labels), labels)


def _mean(values, labels):
    """[batch, length] -> [batch]: the mean over the tokens that are not padding."""
    present = tf.cast(labels != _PAD, tf.float32)
    return tf.reduce_sum(values * present, -1) / tf.maximum(tf.reduce_sum(present, -1), 1.0)
