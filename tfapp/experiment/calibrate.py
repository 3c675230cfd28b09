"""Calibration, on by default: probabilities too sure or unsure, intervals too narrow or too wide.

What `Task.calibration` measures is fitted on validation with the weights that count; what is
evaluated afterwards, and what is exported, answers by it.
"""

import dataclasses
import logging

from tfapp.data.splits.split_names import VALIDATION

_LOG = logging.getLogger("tfapp")


def calibrate(experiment):
    """Fits the calibration of the task's answers.

    Args:
      experiment: an `Experiment`, whose state holds the weights that count.

    Returns:
      (the `Experiment` whose task is calibrated, the numbers that it is calibrated by, see
      `Task.calibrated`): unchanged, and {}, where there is nothing to calibrate or it is no better.
    """
    metric = experiment.task.calibration() if experiment.config.calibrate else None
    if metric is None:
        return experiment, {}
    found = experiment.evaluate(VALIDATION, metrics=(metric,)).metrics
    numbers = {name: found[name] for name in metric.result(metric.zero().numpy())}
    task = experiment.task.calibrated(numbers)
    if task is experiment.task:
        return experiment, {}
    _LOG.info(
        "calibration: %s, fitted on validation (--nocalibrate leaves them)",
        task.calibration_note(numbers),
    )
    return dataclasses.replace(
        experiment,
        steps=dataclasses.replace(experiment.steps, task=task),
        evaluate=dataclasses.replace(experiment.evaluate, task=task),
    ), numbers
