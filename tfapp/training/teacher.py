"""The contract of a teacher: another model, whose outputs the model that is trained learns too."""

import abc

import keras
import tensorflow as tf


class Teacher(abc.ABC):
    """Its weights are the group `TEACHER` of the state, of which checkpoints hold nothing.

    Attributes:
      model: the `keras.Model`, whose own variables nobody reads.
    """

    model: keras.Model

    @abc.abstractmethod
    def variables(self) -> tuple[keras.Variable, ...]:
        """The variables of the group; called inside the strategy's scope."""

    @abc.abstractmethod
    def outputs(self, weights: tuple[tf.Tensor, ...], batch: dict[str, tf.Tensor]) -> tf.Tensor:
        """What it answers for a batch, without dropout; no gradient is asked of it.

        Args:
          weights: values of its variables, in their order.
          batch: encoded and augmented, as the model's own preprocessing is given it.

        Returns:
          float32 [batch, outputs].
        """

    @abc.abstractmethod
    def losses(self, losses: tf.Tensor, outputs: tf.Tensor, taught: tf.Tensor) -> tf.Tensor:
        """The losses that the model learns by.

        Args:
          losses: float32 [batch], the task's own.
          outputs: of the model, [batch, outputs], or [batch, members, outputs] of an ensemble.
          taught: what `outputs` returned.

        Returns:
          float32 [batch].
        """
