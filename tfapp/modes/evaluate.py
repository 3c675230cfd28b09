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
    folder = read_run_folder(config.model_dir)
    # TensorFlow is imported here.
    from tfapp.experiment.names import check_model_names
    from tfapp.experiment.restore import restore

    check_model_names(config)  # the run's exporters and writers are not used here
    experiment, step = restore(config, folder)
    metrics = experiment.evaluate(config.split).metrics
    return {"model_dir": str(folder.path), "step": step, "split": config.split, **metrics}
