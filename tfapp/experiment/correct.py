"""What answers need beyond the weights: a threshold, or the mean of a predicted logarithm.

It is fitted on validation with the weights that count, after the temperature; what is evaluated
afterwards, and what is exported, answers with it.
"""

import dataclasses
import logging

from tfapp.data.splits.split_names import VALIDATION

_LOG = logging.getLogger("tfapp")


def correct(experiment):
    """Fits the task's corrections.

    Args:
      experiment: an `Experiment`, whose state holds the weights that count.

    Returns:
      (the `Experiment` whose task is corrected, the numbers, see `Task.corrected`): unchanged, and
      {}, where there is nothing to correct.
    """
    metrics = experiment.task.corrections()
    if not metrics:
        return experiment, {}
    found = experiment.evaluate(VALIDATION, metrics=metrics).metrics
    numbers = {
        name: found[name] for metric in metrics for name in metric.result(metric.zero().numpy())
    }
    task = experiment.task.corrected(numbers)
    if task is experiment.task:
        return experiment, {}
    _LOG.info("answers: %s (fitted on validation)", task.correction_note(numbers))
    return dataclasses.replace(
        experiment,
        steps=dataclasses.replace(experiment.steps, task=task),
        evaluate=dataclasses.replace(experiment.evaluate, task=task),
    ), numbers
