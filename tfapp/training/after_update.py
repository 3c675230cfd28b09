"""The contract of a hook that runs inside the step, right after the optimizer's update."""

from typing import Protocol

import tensorflow as tf


class AfterUpdate(Protocol):
    """Changes values after the optimizer has updated the weights: masks them, moves a teacher, ...

    It is traced into the step and runs on every replica, so it must be a pure function: the same
    values and step give the same result, nothing is assigned, no random state of its own is kept.
    Its input is equal on all replicas, except for states of random number generators that a layer
    changes in its own way; so is its result.

    It runs before the average of --ema is updated, so the averages of masked weights are masked.
    An update that is skipped, because something is not finite, takes the hook's changes back too.
    """

    def __call__(
        self, values: dict[str, tuple[tf.Tensor, ...]], step: tf.Tensor
    ) -> dict[str, tuple[tf.Tensor, ...]]:
        """The groups that change.

        Args:
          values: every group of the `TrainState` (see `tfapp.training.groups`), in the order of its
            variables: weights and optimizer as they are after the update, statistics as they are
            after the forward pass, averages and loss scale as they were before the step.
          step: int64 scalar, the step that is being made, counted from 0, skipped ones included.

        Returns:
          group -> new values: as many as the group has, with the same shapes and dtypes. Groups
          that do not change are left out.

        Raises:
          whatever it likes while it is traced; a group that does not exist, or another number of
          values, is a ValueError of the step's.
        """
        ...
