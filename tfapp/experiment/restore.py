"""The weights that a run ended with, for evaluation and export."""

import logging

from tfapp.errors import DataError
from tfapp.experiment import kept
from tfapp.experiment.assemble import assemble
from tfapp.experiment.selection import restore_weights
from tfapp.experiment.shared_checkpoints import open_checkpoints

_LOG = logging.getLogger("tfapp")


def restore(config, folder, distribution=None):
    """Builds an `Experiment` with the weights that a run ended with.

    Args:
      config, folder, distribution: as for `assemble`.

    Returns:
      (experiment, step): step is the optimizer step of these weights.

    Raises:
      DataError: no checkpoint can be read.
    """
    experiment = assemble(config, folder, distribution=distribution, train=False)
    checkpoints = open_checkpoints(experiment, folder)
    if checkpoints.restore_latest() is None:
        raise DataError(f"--model_dir={folder.path}: holds no checkpoint")
    host = experiment.state.host
    step = kept.exported_step(folder, host, experiment.config)
    if step != host.step:
        _LOG.info("weights: those of step %d, the best on validation", step)
        restore_weights(checkpoints, experiment.state, step)
    return experiment, step
