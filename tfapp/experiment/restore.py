"""The weights that a run ended with, for evaluation and export."""

import logging

from tfapp.errors import DataError
from tfapp.experiment.assemble import assemble
from tfapp.run_folder import CHECKPOINTS
from tfapp.training.checkpoints import Checkpoints

_LOG = logging.getLogger("tfapp")


def restore(config, folder):
    """Builds an `Experiment` with the weights that a run ended with.

    Returns:
      (experiment, step): step is the optimizer step of these weights.

    Raises:
      DataError: no checkpoint can be read.
    """
    experiment = assemble(config, folder, train=False)
    checkpoints = Checkpoints(folder.path / CHECKPOINTS, experiment.state, keep=config.keep)
    if checkpoints.restore_latest() is None:
        raise DataError(f"--model_dir={folder.path}: holds no checkpoint")
    return experiment, use_best_weights(config, checkpoints, experiment.state)


def use_best_weights(config, checkpoints, state):
    """Restores the best step's weights, unless --export_weights=last. Returns their step."""
    host = state.host
    best = config.export_weights == "best"
    if config.export_weights == "early_stopping":
        best = config.early_stopping > 0
    if best and host.best_step not in (None, host.step):
        _LOG.info("weights: those of step %d, the best on validation", host.best_step)
        checkpoints.restore(host.best_step)
        state.host = host
        return host.best_step
    return host.step
