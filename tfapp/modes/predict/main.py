"""--mode=predict: writes the exported model's answers for --input to --output.

It uses only the SavedModel, none of the code or data that the model was made from. Rows are read,
answered and written piece by piece, so that an input may have any size; a killed prediction
continues when its command is repeated.
"""

import logging
import math
import pathlib

from tfapp.errors import DataError, UsageError
from tfapp.export.versions import latest
from tfapp.modes.predict import identity, kept
from tfapp.modes.predict.columns import titles
from tfapp.modes.predict.csv import csv_reader
from tfapp.modes.predict.outputs import check_output, format_of
from tfapp.modes.predict.partial import PartialOutput
from tfapp.modes.predict.progress import RowsProgress
from tfapp.runtime import output

_LOG = logging.getLogger("tfapp")
_BATCH_BYTES = 4 << 20  # of the inputs of a batch
_SMALLEST, _LARGEST = 64, 2048  # examples of a batch


def main(config):
    """Writes the answers and prints how many."""
    count = run(config)
    output.answer(f"{count} answers in {config.output}")


def run(config):
    """Answers every input. Returns their number.

    Raises:
      UsageError: there is no export, a format of input or output is not supported, or the input or
        the model has changed since the output was begun.
      DataError: an input cannot be read or does not fit the model.
      StorageError: the output cannot be written.
    """
    path = latest_export(config.model_dir)
    check_output(config.output)
    # TensorFlow is imported here.
    from tfapp.experiment.devices import device_names
    from tfapp.export.served_model import ServedModel
    from tfapp.modes.predict.inputs import open_input
    from tfapp.modes.predict.replicas import Replica

    names = device_names(config)
    places = names if len(names) > 1 else [""]
    replicas = [Replica(lambda: ServedModel(path), place) for place in places]
    model = replicas[0].model
    stream = open_input(
        config.input,
        model.inputs,
        csv_reader(config),
        config.keep_columns,
        takes_bytes=model.takes_bytes,
    )
    kept.check_names(stream.kept, titles(model.answer_widths, model.class_names))
    size = config.eval_batch_size or _batch_size(model.inputs, encoded=stream.encoded)

    def input_now():
        return identity.of_files(config.input, stream.files)

    of = {
        "input": input_now(),
        "model": identity.of_model(path),
        "flags": identity.of_flags(kept=stream.kept, size=size, csv=_csv_flags(config)),
    }

    def check_unchanged():
        if input_now() != of["input"]:
            raise DataError(f"--input={config.input}: has changed while it was read; predict again")

    return _write(config.output, of, stream, replicas, size, check_unchanged)


def _write(path, of, stream, replicas, size, check_unchanged):
    from tfapp.modes.predict.replicas import answered
    from tfapp.modes.predict.stream import batches

    form = format_of(path, replicas[0].model.class_names)
    with PartialOutput(path, of) as partial:
        if partial.rows:
            _LOG.info("predict: continues after row %s", f"{partial.rows:,}")
        progress = RowsProgress(done=partial.rows, total=stream.total)
        pieces = batches(stream.pieces(partial.rows), size)
        try:
            for piece, answers in answered(
                replicas, pieces, size, encoded=stream.encoded, continued=bool(partial.rows)
            ):
                partial.append(form.encode(piece, answers, partial.file), len(piece))
                progress.add(len(piece))
            check_unchanged()
            partial.finish(form)
            progress.end()
        except DataError:
            partial.discard()  # the input has to change, and with it every answer may
            raise
        finally:
            progress.leave()
            for replica in replicas:
                replica.close()
        return partial.rows


def _csv_flags(config):
    return (
        config.csv_delimiter,
        config.csv_encoding,
        config.csv_quote,
        config.csv_decimal,
        config.csv_header,
        config.missing_values,
    )


def _batch_size(inputs, *, encoded):
    """Examples of a batch, by the bytes of one: files are decoded one after the other anyway."""
    if encoded:
        return _SMALLEST
    each = sum(
        math.prod(side or 1 for side in spec.shape[1:]) * max(spec.dtype.size or 0, 1)
        for spec in inputs.values()
    )
    return min(max(_BATCH_BYTES // max(each, 1), _SMALLEST), _LARGEST)


def latest_export(model_dir):
    """The newest version below MODEL_DIR/export. Raises UsageError."""
    path = latest(pathlib.Path(model_dir) / "export")
    if path is None:
        raise UsageError(
            f"--model_dir={model_dir}: holds no export; train with --export=savedmodel"
        )
    return path
