"""The contract of a hook that runs inside the step, right after the optimizer's update."""

from typing import Protocol

import tensorflow as tf


class AfterUpdate(Protocol):
    """Changes values after the optimizer has updated the weights: masks them, moves a teacher, ...

    It is traced into the step and runs on every replica, so it must be a pure function: it assigns
    no variable, keeps no state and draws no random numbers of its own. It gets the same values on
    every replica, and must return the same.

    It runs before the averages of --ema are updated, so the averages of masked weights are masked.
    Where an update is skipped because something is not finite, the hook's changes are dropped too.
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
          ValueError: by the step, if a group does not exist or gets another number of values.
        """
        ...
