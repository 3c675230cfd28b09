"""The contract of an evaluation's input: every example of a split once, in stored order."""

import abc


class EvaluationInput(abc.ABC):
    """Batches of one split; the last one is filled up with rows of weight 0.

    The compiled evaluation takes the result of `start` as an argument and, for each step, calls
    `pull` outside of `strategy.run` and `batch` inside it, once a replica.
    """

    num_steps: int
    waits: bool  # whether `pull` may wait for the host, so that it cannot be compiled by XLA

    @abc.abstractmethod
    def start(self):
        """What `pull` takes as `inputs`, from the first step on. Runs on the host."""

    @abc.abstractmethod
    def pull(self, inputs, step):
        """What `batch` needs for `step`, an int64 scalar tensor below `num_steps`.

        Raises:
          tf.errors.OpError: an example cannot be read; see `BadExamples.reporting`.
        """

    @abc.abstractmethod
    def batch(self, pulled, replica):
        """One replica's part of a step.

        Args:
          pulled: what `pull` returned; inside `strategy.run`, this replica's own part of it.
          replica: number of the replica, int.

        Returns:
          a dict of tensors [share, ...]: features, the label, and SAMPLE_WEIGHT, float32, which is
          0 for rows that do not count.
        """
