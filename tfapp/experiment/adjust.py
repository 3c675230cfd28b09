"""What answers follow beyond the weights: a temperature, a threshold, the mean of a logarithm.

Each of a task's adjustments is fitted on validation with the weights that count; what is evaluated
afterwards, and what is exported, answers by it.
"""

import dataclasses
import logging

from tfapp.data.splits.split_names import VALIDATION

_LOG = logging.getLogger("tfapp")


def adjust(experiment):
    """Fits the adjustments of the task's answers, one after the other.

    Args:
      experiment: an `Experiment`, whose state holds the weights that count.

    Returns:
      (the `Experiment` whose task is adjusted, the numbers that it follows, see `Task.adjusted`):
      unchanged, and {}, where there is nothing to adjust or nothing is gained.
    """
    numbers = {}
    for metric, calibrates in experiment.task.adjustments():
        if calibrates and not experiment.config.calibrate:
            continue
        found = experiment.evaluate(VALIDATION, metrics=(metric,)).metrics
        new = {name: found[name] for name in metric.result(metric.zero().numpy())}
        new = experiment.cluster.agree(new)
        task = experiment.task.adjusted(new)
        if task is experiment.task:
            continue
        hint = " (--nocalibrate leaves them)" if calibrates else ""
        _LOG.info("answers: %s, fitted on validation%s", task.adjustment_note(new), hint)
        numbers.update(new)
        experiment = _with(experiment, task)
    return experiment, numbers


def _with(experiment, task):
    return dataclasses.replace(
        experiment,
        steps=dataclasses.replace(experiment.steps, task=task),
        evaluate=dataclasses.replace(experiment.evaluate, task=task),
    )
