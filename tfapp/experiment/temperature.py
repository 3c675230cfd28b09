"""Temperature scaling, on by default: probabilities that validation shows to be too sure or unsure.

The temperature is fitted on validation with the weights that count; what is evaluated afterwards,
and what is exported, answers with it.
"""

import dataclasses
import logging

from tfapp.data.splits.split_names import VALIDATION
from tfapp.metrics.temperature import Temperature

_LOG = logging.getLogger("tfapp")


def calibrate(experiment):
    """Fits the temperature.

    Args:
      experiment: an `Experiment`, whose state holds the weights that count.

    Returns:
      (the `Experiment` whose task has the temperature, the temperature): unchanged, and 1.0, where
      the task answers with no probabilities or another temperature is no better.
    """
    if not experiment.config.calibrate or not experiment.task.has_temperature:
        return experiment, 1.0
    found = experiment.evaluate(VALIDATION, metrics=(Temperature(),))
    temperature = found.metrics["temperature"]
    if temperature == 1.0:
        return experiment, temperature
    _LOG.info(
        "calibration: logits divided by %.3f, fitted on validation (--nocalibrate leaves them)",
        temperature,
    )
    task = experiment.task.at_temperature(temperature)
    return dataclasses.replace(
        experiment,
        steps=dataclasses.replace(experiment.steps, task=task),
        evaluate=dataclasses.replace(experiment.evaluate, task=task),
    ), temperature
