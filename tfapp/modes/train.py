"""--mode=train: trains, evaluates, exports; continues a run that did not finish."""

import contextlib
import dataclasses
import logging
import tempfile

from tfapp import flags, migrations
from tfapp.data import snapshot
from tfapp.run_folder import ENVIRONMENT, open_run_folder
from tfapp.runtime import output

_LOG = logging.getLogger("tfapp")


def main(config):
    """Trains and prints the results to stdout."""
    if config.only_check_args:
        check(config)
        output.answer("flags, data and model are sound")
        return
    output.answer(str(run(config)))


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
    config = _with_snapshot(config)
    if not config.dry_run:
        return _run(config, actions)
    with tempfile.TemporaryDirectory() as folder:
        short = dataclasses.replace(
            config, model_dir=f"{folder}/run", steps=2, resume="auto", dry_run=False
        )
        return dataclasses.replace(_run(short, actions), model_dir=None)


def _run(config, actions):
    from tfapp.experiment import environment  # TensorFlow is imported here

    with _together(config) as distribution:
        config, folder = _open(config, distribution.cluster)
        try:
            training = _build(config, folder, distribution, actions)
            folder.write_flags(flags.to_lines(config))
            folder.write_json(ENVIRONMENT, environment.describe())
            _LOG.info("run: %s", folder.path)
            return training.run()
        finally:
            folder.close()


def check(config):
    """Checks flags, data and model, and leaves nothing behind. Raises TfappError."""
    config = _with_snapshot(config)
    with _together(config) as distribution:
        config, folder = _open(config, distribution.cluster)
        _build(config, folder, distribution, ())
        folder.discard()


@contextlib.contextmanager
def _together(config):
    """Checks what needs no data and gives the `Distribution`, whose workers end together."""
    from tfapp.experiment.devices import choose_devices
    from tfapp.experiment.names import check_names

    check_names(config)
    distribution = choose_devices(config)
    with distribution.cluster.ending():
        yield distribution


def _open(config, cluster):
    """Opens the run's folder.

    Returns:
      the `Config`, with the defaults that the run began with, and the `RunFolder`.
    """
    from tfapp.experiment.shared_folder import share

    folder = share(cluster, lambda: open_run_folder(**flags.folder_arguments(config)))
    return migrations.as_begun_by(folder.version, config), folder


def _build(config, folder, distribution, actions):
    """Builds and checks everything; removes the folder again if it is new and that fails."""
    from tfapp.experiment.assemble import assemble
    from tfapp.experiment.training_run import TrainingRun

    try:
        return TrainingRun(assemble(config, folder, distribution=distribution), folder, actions)
    except BaseException:
        folder.discard()
        raise


def _with_snapshot(config):
    """Objects are read once, before anything else: they name the run's folder."""
    return dataclasses.replace(config, dataset=snapshot(config.dataset, config.label))
