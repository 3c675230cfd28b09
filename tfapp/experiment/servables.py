"""The `Servable` of an experiment, in the precision that is asked for."""

import functools

import numpy as np

from tfapp.compression.low_rank import ranks_of
from tfapp.data.splits.split_names import TRAIN
from tfapp.experiment.model_state import build_again
from tfapp.export import make_exporters
from tfapp.export.servable import Servable

_CALIBRATION = 256  # examples of train


def make_servable(experiment, weights, names):
    """Makes a `Servable`.

    Args:
      experiment: the `Experiment`.
      weights: see `Servable`.
      names: of --export, as `tfapp.export.formats` gives them.

    Raises:
      UsageError: the model cannot be built in the precision of --export_precision.
    """
    asked, trained = experiment.config.export_precision, experiment.choice.precision
    precision = trained if asked == "auto" else asked
    exporters = make_exporters(names).values()
    needs_float32 = any(exporter.takes_encoded for exporter in exporters)
    make = functools.partial(_servable, experiment, weights)
    quantization = experiment.state.as_used if asked == "auto" else None
    plain = precision == "float32" and quantization is None
    return make(
        precision,
        stored_in="float32" if asked == "auto" else asked,
        quantization=quantization,
        in_float32=make("float32") if needs_float32 and not plain else None,
    )


def float32_servable(experiment, weights):
    """The `Servable` whose model computes in float32, whatever the precision of the run."""
    return _servable(experiment, weights, "float32")


def _servable(experiment, weights, precision, **more):
    model, reader = experiment.model, experiment.state.read_outputs
    data, task = experiment.data, experiment.task
    if precision != experiment.choice.precision:
        model, reader = build_again(
            experiment.config, experiment.model_name, data, precision,
            outputs=task.num_outputs(data.spec.label), ranks=ranks_of(model),
        )  # fmt: skip
    return Servable(
        model=model,
        weights=weights,
        preprocess=data.preprocess,
        task=task,
        spec=data.spec,
        read_outputs=reader,
        draw_calibration=functools.partial(_calibration, data),
        **more,
    )


def _calibration(data):
    """Encoded examples of train, drawn evenly, always the same."""
    split = data.source.splits[TRAIN]
    count = min(_CALIBRATION, split.num_examples)
    rows = np.linspace(0, split.num_examples - 1, count).astype(np.int64)
    return data.preprocess.unpacked(split.fetch(rows))
