"""--mode=eval: the metrics of a run's weights on one split, as one line of JSON."""

from tfapp.run_folder import read_run_folder
from tfapp.runtime import output, strict_json


def main(config):
    """Prints {"model_dir", "step", "split", metrics...} to stdout."""
    output.answer(strict_json.dumps(run(config)))


def run(config):
    """Evaluates the run in config.model_dir on config.split; the folder is only read.

    Raises:
      UsageError, DataError: there is no such run, or none of its checkpoints can be read.
    """
    # TensorFlow is imported here.
    from tfapp.experiment.devices import choose_devices
    from tfapp.experiment.names import check_model_names
    from tfapp.experiment.restore import restore
    from tfapp.experiment.shared_folder import share

    check_model_names(config)  # the run's exporters and writers are not used here
    distribution = choose_devices(config)
    with distribution.cluster.ending():
        folder = share(distribution.cluster, lambda: read_run_folder(config.model_dir))
        experiment, step = restore(config, folder, distribution)
        metrics = experiment.evaluate(config.split).metrics
        folder.close()
    return {"model_dir": str(folder.path), "step": step, "split": config.split, **metrics}
