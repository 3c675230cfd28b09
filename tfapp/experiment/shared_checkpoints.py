"""A run's checkpoints with several workers: worker 0 writes and reads, the others receive."""

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
        self._strategy = experiment.strategy

    def steps(self):
        """See `Checkpoints.steps`."""
        return self._cluster.agree(self._checkpoints.steps())

    def save(self):
        """See `Checkpoints.save`; an error of worker 0 ends the others too."""
        if self._cluster.is_chief:
            self._checkpoints.save()

    def restore_latest(self):
        """See `Checkpoints.restore_latest`."""
        step = self._checkpoints.restore_latest() if self._cluster.is_chief else None
        step = self._cluster.agree(step)
        if step is not None:
            self._receive()
        return step

    def restore(self, step):
        """See `Checkpoints.restore`."""
        if self._cluster.is_chief:
            self._checkpoints.restore(step)
        self._receive()

    def _receive(self):
        """Gives all workers what worker 0 has restored."""
        self._state.host = HostState(**self._cluster.agree(self._state.host.to_json()))
        send_values(self._state, self._strategy)
