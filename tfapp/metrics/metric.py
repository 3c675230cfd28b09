"""The contract of a metric: sums of a fixed size, and the numbers that follow from them.

A state is one float64 tensor. States of disjoint sets of examples add up with +, so a loop of
steps, the reduction over replicas and the window between two training records treat all metrics
alike.
"""

import abc
from typing import Literal

import tensorflow as tf


class Metric(abc.ABC):
    """One state tensor, and one or several numbers that follow from it.

    Attributes:
      name: the state's name among the sums of a loop, unique within a task; usually also the name
        of its result.
      goal: "max" or "min", which values of its results are better.
    """

    name: str
    goal: Literal["max", "min"]

    @classmethod
    def for_label(cls, label):
        """The metric for a `LabelSpec`; None if it does not suit the label."""
        del label
        return cls()

    @abc.abstractmethod
    def zero(self):
        """The state before the first example, a float64 tensor of a fixed shape."""

    @abc.abstractmethod
    def update(self, outputs, labels, weights):
        """What a batch adds to the state.

        Must work inside `tf.function`, with and without `jit_compile=True`.

        Args:
          outputs, labels: what the task hands over, see `tfapp.tasks.task.Objective`; outputs of
            any floating type.
          weights: float32 [batch], how much each example counts; 0 for a row that only pads, whose
            outputs may be NaN.

        Returns:
          a float64 tensor of the shape of `zero()`.
        """

    @abc.abstractmethod
    def result(self, state):
        """The numbers to report.

        Args:
          state: float64 np.ndarray.

        Returns:
          a dict of float with the same keys for every state, `zero()` included; a number that the
          examples do not define (ROC-AUC of a single class) is NaN.
        """

    def intervals(self, state):
        """95% confidence intervals of the results that have one: name -> (low, high), floats.

        Of what another sample of as many examples would give; see `tfapp.metrics.intervals`.
        """
        del state
        return {}

    def details(self, state):
        """What does not fit into a single number: a dict of values that can be written as JSON."""
        del state
        return {}


def weighted(values, weights):
    """`values` [batch, ...] times `weights` [batch]; 0 where the weight is, even of NaN."""
    weights = tf.reshape(weights, (-1, *[1] * (len(values.shape) - 1)))
    return tf.where(weights > 0, values * weights, tf.zeros_like(values))
