"""What each format of a trained model costs: size, quality and speed, in one table."""

import functools

import numpy as np
import tensorflow as tf

from tfapp import export
from tfapp.data.splits.split_names import TEST, TRAIN, VALIDATION
from tfapp.experiment import kept
from tfapp.experiment.environment import version
from tfapp.experiment.evaluations import most_of_train
from tfapp.experiment.model_facts import model_facts
from tfapp.experiment.servables import float32_servable, make_servable
from tfapp.experiment.verdict import verdict
from tfapp.export.scoring import Scorer
from tfapp.export.speed import speeds
from tfapp.export.variants import Loss, write_variants
from tfapp.run_folder import EXPORT
from tfapp.runtime import host

_FORMAT = 1
_PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx")


def cost(experiment, folder, step):
    """Exports the model in the formats of --export and measures each.

    Args:
      experiment: an `Experiment` that holds the weights that count.
      folder: the `RunFolder`.
      step: of these weights.

    Returns:
      a dict that JSON can hold: "format" (of the dict), "step", "split" and "examples" that were
      measured on, "metric" that formats are compared by with "max_drop", "machine", "trained"
      (metrics of the trained model, and the speed of Keras's `predict`) and "variants", see
      `tfapp.export.variants.write_variants`; differences are those from the trained weights in
      float32.
    """
    config, data = experiment.config, experiment.data
    names = export.formats(config.export)
    weights = experiment.state.read_for_answers()
    evaluated = _evaluated(experiment)
    trained = evaluated[TEST].metrics
    score = Scorer(
        split=data.source.splits[TEST],
        servable=float32_servable(experiment, weights),
        preprocess=data.preprocess,
        task=experiment.task,
        label=data.spec.label.name,
    )
    metric, goal = experiment.task.monitor
    variants = write_variants(
        names, make_servable(experiment, weights, names), folder.path / EXPORT, data.examples,
        score=score,
        facts=_facts(experiment, folder, step, evaluated),
        keep=config.export_keep,
        loss=Loss(metric, goal, trained[metric], config.max_accuracy_drop),
    )  # fmt: skip
    return {
        "format": _FORMAT,
        "step": step,
        "split": TEST,
        "examples": data.source.splits[TEST].num_examples,
        "metric": metric,
        "max_drop": config.max_accuracy_drop,
        "machine": _machine(),
        "trained": {"metrics": trained, **_keras_speed(experiment.model, score)},
        "variants": variants,
    }


def _machine():
    return {
        "processor": host.processor(),
        "cores": host.cores(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _evaluated(experiment):
    most = most_of_train(experiment.data.source, hurried=False)
    return {
        TRAIN: experiment.evaluate(TRAIN, most=most),
        **{split: experiment.evaluate(split) for split in (VALIDATION, TEST)},
    }


def _facts(experiment, folder, step, evaluated):
    return model_facts(
        experiment,
        step=step,
        evaluated=evaluated,
        found=verdict(experiment.data.source, experiment.task, evaluated[TEST]),
        adjustments=kept.adjustments(folder),
        name=folder.path.name,
    )


def _keras_speed(model, score):
    predict = functools.partial(model.predict, verbose=0)

    def inputs(size):
        return tf.nest.map_structure(np.asarray, score.inputs(size))

    return speeds(lambda given: predict(given, batch_size=len(tf.nest.flatten(given)[0])), inputs)
