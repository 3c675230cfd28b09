"""--mode=predict: writes the exported model's answers for --input to --output.

It uses only the SavedModel, none of the code or data that the model was made from.
"""

import pathlib

import numpy as np

from tfapp.errors import UsageError
from tfapp.export.versions import latest
from tfapp.modes.predict import kept
from tfapp.modes.predict.csv import csv_reader
from tfapp.modes.predict.images import answer_files
from tfapp.modes.predict.inputs import image_files, read_inputs
from tfapp.modes.predict.outputs import check_output, titles, write_output
from tfapp.runtime import output

_BATCH = 256


def main(config):
    """Writes the answers and prints how many."""
    count = run(config)
    output.answer(f"{count} answers in {config.output}")


def run(config):
    """Answers every input. Returns their number.

    Raises:
      UsageError: there is no export, or a format of input or output is not supported.
      DataError: an input cannot be read or does not fit the model.
    """
    path = _latest_export(config.model_dir)
    check_output(config.output)
    from tfapp.export.served_model import ServedModel  # TensorFlow is imported here

    model = ServedModel(path)
    names, kept_columns, answers = _answer(
        model, config.input, csv_reader(config), config.keep_columns
    )
    write_output(config.output, names, kept_columns, answers, model.class_names)
    return len(names)


def _answer(model, path, csv, keep):
    """(names, kept, answers): see `read_inputs`, and name -> array [n, ...]."""
    files = image_files(path) if model.takes_bytes else None
    if files is not None:
        kept.check_none(keep, path)
        names, answers = answer_files(model, files)
        return names, {}, answers
    names, features, columns = read_inputs(path, model.inputs, csv, keep)
    kept.check_names(columns, titles(model.answer_widths, model.class_names))
    parts = [
        model.answer({name: array[start : start + _BATCH] for name, array in features.items()})
        for start in range(0, len(names), _BATCH)
    ]
    return names, columns, {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _latest_export(model_dir):
    """The newest version below MODEL_DIR/export. Raises UsageError."""
    path = latest(pathlib.Path(model_dir) / "export")
    if path is None:
        raise UsageError(
            f"--model_dir={model_dir}: holds no export; train with --export=savedmodel"
        )
    return path
