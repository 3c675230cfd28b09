"""Logits from what a model gives, which may be probabilities.

A softmax or sigmoid at a model's end is left out: the loss takes its input, as Keras's own losses
do, because the logarithm of a rounded probability loses precision and can overflow.
"""

import dataclasses
import enum
from typing import NamedTuple

import tensorflow as tf

SMALLEST = 1e-7  # to which probabilities are clipped before their logarithm, as in Keras
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}  # operation -> its name
_LEAVE_VALUES = ("Identity", "Cast")  # operations after which an activation is still the last one


class Activation(NamedTuple):
    """The softmax or sigmoid that a model ends in."""

    name: str  # "softmax", over the last axis, or "sigmoid"
    inputs: tf.Tensor  # of the activation


def last_activation(outputs, known=()):
    """The `Activation` that gives `outputs`, or None.

    Only a graph shows it, so None in eager execution.

    Args:
      outputs: what a model gives.
      known: name of a tensor -> `Activation`, where the graph does not show it.
    """
    known = dict(known)
    while tf.is_symbolic_tensor(outputs):
        if outputs.name in known:
            return known[outputs.name]
        op = outputs.op
        if op.type in _ACTIVATIONS:
            return Activation(_ACTIVATIONS[op.type], op.inputs[0])
        if op.type not in _LEAVE_VALUES:
            return None
        outputs = op.inputs[0]
    return None


class Form(enum.Enum):
    """What a model gives."""

    LOGITS = "logits"
    SOFTMAX = "a softmax's probabilities"
    SIGMOID = "a sigmoid's probabilities"
    PROBABILITIES = "probabilities of an operation that is not known"


@dataclasses.dataclass(frozen=True)
class OutputReader:
    """Reads logits from the outputs of one model.

    Attributes:
      evaluated, trained: what the model gives, outside of training and in it.
      one_unit: the outputs are [batch, 1], for the second of two classes.
      as_they_are: nothing is read, because the label is no class.
      each: an output is the probability of a label by itself.
    """

    evaluated: Form = Form.LOGITS
    trained: Form = Form.LOGITS
    one_unit: bool = False
    as_they_are: bool = False
    each: bool = False

    def __call__(self, outputs, activation, *, training):
        """Logits.

        Args:
          outputs: of the model, [batch, ..., classes], or [batch, 1] if `one_unit`.
          activation: the `Activation` they come from; None if none is known.
          training: whether the model was called so.

        Returns:
          [batch, ..., classes], float32 where they are logarithms of probabilities, else of the
          model's own type.
        """
        if self.as_they_are:
            return outputs
        form = self.trained if training else self.evaluated
        if activation is not None:
            outputs = activation.inputs
        elif form is not Form.LOGITS:
            outputs = self._logarithms(outputs, form)
        if self.one_unit:  # softmax([0, z]) = [1 - sigmoid(z), sigmoid(z)]
            outputs = tf.concat([tf.zeros_like(outputs), outputs], axis=-1)
        return outputs

    def _logarithms(self, outputs, form):
        outputs = tf.clip_by_value(tf.cast(outputs, tf.float32), SMALLEST, 1 - SMALLEST)
        logits = tf.math.log(outputs)
        if self.one_unit or self.each or form is Form.SIGMOID:
            logits -= tf.math.log1p(-outputs)
        return logits


READS_LOGITS = OutputReader()  # of a model that gives logits, or values
