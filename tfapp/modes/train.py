"""--mode=train: trains, evaluates, exports; continues a run that did not finish."""

import dataclasses
import logging
import tempfile

from tfapp import flags, migrations
from tfapp.run_folder import ENVIRONMENT, open_run_folder

_LOG = logging.getLogger("tfapp")


def main(config):
    """Trains and prints the results to stdout."""
    if config.only_check_args:
        _check(config)
        print("flags, data and model are sound")
        return
    from tfapp.experiment.answer import answer  # TensorFlow is imported here

    print(answer(run(config), kept=not config.dry_run))


def run(config, actions=()):
    """Trains, evaluates and exports.

    Args:
      config: a `Config`.
      actions: `tfapp.training.action.Action`s, called between steps.

    Returns:
      a `tfapp.experiment.result.Result`.

    Raises:
      TfappError: see its subclasses.
    """
    if not config.dry_run:
        return _run(config, actions)
    with tempfile.TemporaryDirectory() as folder:
        short = dataclasses.replace(
            config, model_dir=f"{folder}/run", steps=2, resume="auto", dry_run=False
        )
        return _run(short, actions)


def _run(config, actions):
    from tfapp.experiment import environment  # TensorFlow is imported here

    config, folder = _open(config)
    try:
        training = _build(config, folder, actions)
        folder.write_flags(flags.to_lines(config))
        folder.write_json(ENVIRONMENT, environment.describe())
        _LOG.info("run: %s", folder.path)
        return training.run()
    finally:
        folder.close()


def _check(config):
    config, folder = _open(config)
    _build(config, folder, ())
    folder.discard()


def _open(config):
    """Checks what needs no data, then opens the run's folder.

    Returns:
      the `Config`, with the defaults that the run began with, and the `RunFolder`.
    """
    from tfapp.experiment.names import check_names

    check_names(config)
    folder = open_run_folder(**flags.folder_arguments(config))
    return migrations.as_begun_by(folder.version, config), folder


def _build(config, folder, actions):
    """Builds and checks everything; removes the folder again if it is new and that fails."""
    from tfapp.experiment.assemble import assemble
    from tfapp.experiment.training_run import TrainingRun

    try:
        return TrainingRun(assemble(config, folder), folder, actions)
    except BaseException:
        folder.discard()
        raise
