"""The contract of an input engine: training batches of the global order, on the device."""

import abc


class Engine(abc.ABC):
    """Batches of global step 0, 1, ... as order.py defines them.

    The compiled loop takes `inputs` as an argument and calls `prepare` once, then for each step
    `pull` outside of `strategy.run` and `batch` inside it, once a replica.
    """

    name: str  # as in --engine
    waits: bool  # whether `pull` may wait for the host, so that it cannot be compiled by XLA
    inputs = None  # tensors or an iterator; for engines that read from the host, after `restart`

    @abc.abstractmethod
    def restart(self, step):
        """Makes the next batch that of global step `step`, an int. Runs on the host."""

    def prepare(self, inputs):
        """Called once a loop, before its first step. Returns what `pull` takes as `inputs`."""
        return inputs

    @abc.abstractmethod
    def pull(self, inputs, step):
        """What `batch` needs for global step `step`, an int64 scalar tensor.

        Raises:
          tf.errors.OpError: an example cannot be read; see `BadExamples.reporting`.
        """

    @abc.abstractmethod
    def batch(self, pulled, replica):
        """One replica's part of the step's global batch.

        Args:
          pulled: what `pull` returned; inside `strategy.run`, this replica's own part of it.
          replica: number of the replica, int.

        Returns:
          a dict of tensors [batch_size // num_replicas, ...]: features, the label, and where asked
          for EXAMPLE_SEED.
        """
