"""--mode=export: a finished run's model in every format of --export, and what each costs."""

from tfapp.errors import UsageError
from tfapp.modes.variants_table import table
from tfapp.run_folder import EXPORT, read_run_folder
from tfapp.runtime import output, strict_json

VARIANTS = f"{EXPORT}/variants.json"


def main(config):
    """Prints the table, or the JSON of it."""
    found = run(config)
    output.answer(strict_json.dumps(found, indent=1) if config.json else table(found))


def run(config):
    """Exports the run in config.model_dir in the formats of config.export, and measures them.

    Formats that lose more than config.max_accuracy_drop are measured, and not published.

    Returns:
      what `VARIANTS` in the run's folder then holds; see `tfapp.experiment.cost.cost`.

    Raises:
      UsageError: no format is named, or the export of one lacks a package.
      DataError: there is no such run, or none of its checkpoints can be read.
      StorageError: it cannot be written.
    """
    # TensorFlow is imported here.
    from tfapp import export
    from tfapp.experiment.cost import cost
    from tfapp.experiment.devices import choose_devices
    from tfapp.experiment.names import check_model_names
    from tfapp.experiment.restore import restore

    if not export.formats(config.export):
        raise UsageError("--mode=export needs formats: --export=savedmodel,litert,onnx")
    export.check_names(config.export)
    check_model_names(config)
    distribution = choose_devices(config)
    with distribution.cluster.ending():
        folder = read_run_folder(config.model_dir, alone=True)
        try:
            experiment, step = restore(config, folder, distribution)
            found = cost(experiment, folder, step)
            folder.write_json(VARIANTS, found)
        finally:
            folder.close()
    return found
