"""A run's checkpoints with several workers: worker 0 writes and reads, the others receive."""

import functools

from tfapp.run_folder import CHECKPOINTS
from tfapp.training.checkpoints import Checkpoints
from tfapp.training.send import send_values
from tfapp.training.state import HostState


def open_checkpoints(experiment, folder):
    """The checkpoints of an `Experiment` in a `RunFolder`, for this worker."""
    checkpoints = Checkpoints(
        folder.path / CHECKPOINTS, experiment.state, keep=experiment.config.keep
    )
    if experiment.cluster.num_workers == 1:
        return checkpoints
    return SharedCheckpoints(checkpoints, experiment)


class SharedCheckpoints:
    """As `Checkpoints`; every method is called by all workers at the same time."""

    def __init__(self, checkpoints, experiment):
        """`checkpoints`: of worker 0; those of the others stay empty."""
        self._checkpoints = checkpoints
        self._state = experiment.state
        self._cluster = experiment.cluster
        self._send = functools.partial(_send, strategy=experiment.strategy)

    def steps(self):
        """See `Checkpoints.steps`."""
        return self._cluster.agree(self._checkpoints.steps())

    def save(self):
        """See `Checkpoints.save`; an error of worker 0 ends the others too."""
        if not self._cluster.agree(not self._checkpoints.holds(self._state.host.step)):
            return
        if self._cluster.is_chief:
            self._checkpoints.save()
        else:
            self._state.to_store()  # the part of this worker, where the state is in shares

    def restore_latest(self):
        """See `Checkpoints.restore_latest`."""
        step = self._checkpoints.restore_latest() if self._cluster.is_chief else None
        step = self._cluster.agree(step)
        if step is not None:
            self.restore(step)
        return step

    def restore(self, step):
        """See `Checkpoints.restore`."""
        if self._cluster.is_chief:
            self._checkpoints.restore(step, send=self._send)
        else:
            with self._state.restoring() as variables:
                self._send(variables)
        self._state.host = HostState(**self._cluster.agree(self._state.host.to_json()))


def _send(named, strategy):
    """Sends variables, name -> tf.Variable, in the order of their names."""
    send_values([named[name] for name in sorted(named)], strategy)
