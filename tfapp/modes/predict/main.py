"""--mode=predict: answers of a run's exported model for --input, written to --output.

Only the SavedModel is used, nothing of the code or data that made it.
"""

import pathlib

import numpy as np

from tfapp.errors import DataError, UsageError
from tfapp.modes.predict.images import answer_files
from tfapp.modes.predict.inputs import image_files, read_inputs
from tfapp.modes.predict.outputs import check_output, write_output
from tfapp.spec import SERVING_BYTES

_BATCH = 256


def main(config):
    """Writes the answers and prints how many."""
    count = run(config)
    print(f"{count} answers in {config.output}")


def run(config):
    """Answers every input. Returns their number.

    Raises:
      UsageError: no export, or a form of input or output that is not known.
      DataError: an input that cannot be read or does not fit the model.
    """
    check_output(config.output)
    path = latest_export(config.model_dir)
    import tensorflow as tf

    try:
        model = tf.saved_model.load(str(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise DataError(f"{path}: cannot be read as a SavedModel ({str(error)[:120]})") from error
    files = image_files(config.input) if SERVING_BYTES in model.signatures else None
    if files is not None:
        names, answers = answer_files(model.signatures[SERVING_BYTES], files)
        write_output(config.output, names, answers)
        return len(names)
    serve = model.signatures["serving_default"]
    signature = serve.structured_input_signature[1]
    names, features = read_inputs(config.input, signature)
    parts = []
    for start in range(0, len(names), _BATCH):
        batch = {k: tf.constant(v[start : start + _BATCH]) for k, v in features.items()}
        parts.append({k: v.numpy() for k, v in serve(**batch).items()})
    answers = {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}
    write_output(config.output, names, answers)
    return len(names)


def latest_export(model_dir):
    """The newest version below MODEL_DIR/export. Raises UsageError."""
    folder = pathlib.Path(model_dir) / "export"
    numbers = [int(p.name) for p in folder.iterdir() if p.name.isdigit()] if folder.is_dir() else []
    if not numbers:
        raise UsageError(
            f"--model_dir={model_dir}: holds no export; train with --export=savedmodel"
        )
    return folder / str(max(numbers))
