"""What the card of an exported model says beyond its inputs and answers."""

import os
import platform

import keras
import tensorflow as tf

import tfapp
from tfapp.data.splits.split_names import TEST, TRAIN


def model_facts(experiment, *, step, evaluated, found, adjustments, name):
    """Facts for `tfapp.export.card.write_card`.

    Args:
      experiment: the `Experiment`.
      step: whose weights are exported.
      evaluated: split -> `EvaluationResult`.
      found: of `tfapp.experiment.verdict.verdict`.
      adjustments: name -> number, what is changed in the answers.
      name: of the model, such as its run's folder.

    Returns:
      a dict that JSON can hold.
    """
    source, config = experiment.data.source, experiment.config
    return {
        "name": name,
        "model": {"name": experiment.model_name, "parameters": experiment.model.count_params()},
        "data": {
            "name": _without_folders(source.spec.name),
            "examples": {split: part.num_examples for split, part in source.splits.items()},
        },
        "columns": experiment.data.preprocess.seen(source.splits[TRAIN]),
        "metrics": {
            **{split: result.metrics for split, result in evaluated.items()},
            "intervals": evaluated[TEST].intervals,
            **found,
        },
        "training": {
            "step": step,
            "steps": experiment.state.host.step,
            "precision": experiment.choice.precision,
            "averaged_weights": bool(config.ema),
            "seed": config.seed,
            **({"quantized_kernels": config.quantize} if config.quantize != "none" else {}),
            **adjustments,
        },
        "versions": {
            "tfapp": tfapp.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
    }


def _without_folders(name):
    """A data set's name without the folders of this machine: csv:data/t.csv -> csv:t.csv."""
    kind, colon, path = name.partition(":")
    return kind + colon + os.path.basename(path.rstrip("/"))
