"""The next token from those before it: cross-entropy a token, perplexity = exp(loss)."""

import math

import tensorflow as tf

from tfapp.errors import UsageError

_LOSS = "sparse_categorical_crossentropy"
_PAD = 0  # the id that stands for no token


class LanguageModelling:
    """Learns a `LabelSpec` of kind "tokens" from logits [batch, length, vocabulary].

    Losses and metrics of an example are means over its tokens; natural logarithms.
    """

    metric_names = ("accuracy",)

    def __init__(self, label, loss="auto"):
        if loss not in ("auto", _LOSS):
            raise UsageError(f"--loss={loss}: unknown for language_modelling ({_LOSS})")
        self.loss_name = _LOSS
        self._label = label
        self.monitor = ("loss", "min")

    def losses(self, outputs, labels):
        """float32 [batch] from logits and the ids that came next, int32 [batch, length]."""
        logits = tf.cast(outputs, tf.float32)
        return _mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), labels)

    def weights(self, labels):
        """1.0: all examples count alike."""
        del labels
        return 1.0

    def metrics(self, outputs, labels):
        """{"accuracy": float32 [batch]}: the share of tokens that were thought most probable."""
        predicted = tf.argmax(outputs, axis=-1, output_type=tf.int32)
        return {"accuracy": _mean(tf.cast(predicted == labels, tf.float32), labels)}

    def derived(self, averages):
        """{"perplexity": exp(loss)}."""
        return {"perplexity": math.exp(min(averages["loss"], 700.0))}

    def answers(self, outputs, inputs):
        """What the served model returns for texts.

        Args:
          outputs: logits [batch, length, vocabulary].
          inputs: their token ids, int32 [batch, length], padded with 0.

        Returns:
          loss: float32 [batch], of the text's own tokens from its second on, a token.
          perplexity: float32 [batch], its exponential.
          next_token: string [batch], the most probable token after the text.
          probabilities: float32 [batch, vocabulary], of the token after the text.
        """
        logits = tf.cast(outputs, tf.float32)
        labels = tf.pad(inputs[:, 1:], [[0, 0], [0, 1]])
        loss = self.losses(logits, labels)
        last = tf.maximum(tf.reduce_sum(tf.cast(inputs != _PAD, tf.int32), axis=-1) - 1, 0)
        probabilities = tf.nn.softmax(tf.gather(logits, last, batch_dims=1))
        best = tf.argmax(probabilities, axis=-1)
        return {
            "loss": loss,
            "perplexity": tf.exp(loss),
            "next_token": tf.gather(tf.constant(self._label.class_names), best),
            "probabilities": probabilities,
        }


def _mean(values, labels):
    """[batch, length] -> [batch]: the mean over the tokens that are there."""
    present = tf.cast(labels != _PAD, tf.float32)
    return tf.reduce_sum(values * present, -1) / tf.maximum(tf.reduce_sum(present, -1), 1.0)
