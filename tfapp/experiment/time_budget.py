"""--time_budget: as many steps as fit, so that the schedule is finished when the time is over.

The budget is that of the whole command: from the start of the process to the export. A guard ends
training early where the machine has become slower than its first steps were.
"""

import collections
import math
import statistics
import time
from typing import NamedTuple

from tfapp.data.splits.split_names import TEST, VALIDATION
from tfapp.errors import UsageError
from tfapp.experiment.batch_plan import in_steps
from tfapp.experiment.evaluations import most_of_train
from tfapp.experiment.recipe.evaluations import interval
from tfapp.flag_values import parse_duration
from tfapp.runtime.process_clock import seconds_since_start

_EVALUATING = 0.1  # share of the time for training that evaluations on validation may take, ...
_LEAST_EVALUATIONS = 2  # ... unless there would be fewer than this, the last one included
_FORWARD = 0.4  # of a step's time, what an evaluation of as many examples takes
_EACH = 0.1  # seconds for the records and the checkpoint after an evaluation
_OVERHEAD = 6.0  # seconds: tracing of evaluations, the export and its verification
_LEAST = 2.0  # seconds in which a run can be prepared, trained for a step and exported, at best
_SPARE = 0.05  # of the budget, for a machine that becomes a little slower
_RECENT = 5  # loops whose median is the current speed


class Length(NamedTuple):
    """How long a run is, and how often it is evaluated."""

    steps: int
    evaluate_every: str  # as --evaluate_every


def check_budget(budget, cluster):
    """Raises UsageError where the chief's time is over before anything is prepared."""
    needed = cluster.agree(seconds_since_start()) + _LEAST
    if needed > _seconds(budget):
        raise UsageError(
            f"--time_budget={budget}: is over before training can begin; at least "
            f"{math.ceil(needed)}s are needed here"
        )


def seconds_left(budget):
    """Seconds of --time_budget that can still be planned with; below 0 where it is over."""
    return _seconds(budget) * (1 - _SPARE) - seconds_since_start()


def evaluation_seconds(step, batches, source):
    """Seconds that an evaluation on validation is likely to take, from those of a `step`."""
    return step / batches.batch_size * _FORWARD * source.splits[VALIDATION].num_examples


def length_within(budget, step, evaluation, batches, source, *, evaluate_every="auto", again=0.0):
    """How many steps fit, at least 1, and the interval of evaluations that the time allows for.

    Args:
      budget: --time_budget.
      step: seconds of one.
      evaluation: seconds of one on validation.
      batches: the `BatchPlan`.
      source: the `Source`.
      evaluate_every: the flag; a given interval stays, whatever it costs.
      again: seconds that building and compiling the steps of the run itself takes.

    Returns:
      a `Length`.
    """
    per_example = evaluation / source.splits[VALIDATION].num_examples
    left = seconds_left(budget) - again - reserved(source, per_example)
    evaluation += _EACH
    steps = max(left / step, 1)

    def every(steps):
        steps = max(int(steps), 1)
        if evaluate_every == "auto":
            affordable = max(int(_EVALUATING * left / evaluation), _LEAST_EVALUATIONS)
            return interval(steps, batches.steps_per_epoch, affordable=affordable)
        return in_steps(
            parse_duration(evaluate_every, "evaluate_every"),
            per_epoch=batches.steps_per_epoch,
            total=steps,
            batch_size=batches.batch_size,
        )

    # An interval may be a share of the run, which is shorter by the evaluations.
    for _ in range(2):
        steps = left / (step + evaluation / every(steps))
    steps = max(int(steps), 1)
    wanted = str(every(steps)) if evaluate_every == "auto" else evaluate_every
    return Length(steps, wanted)


def _seconds(budget):
    return parse_duration(budget, "time_budget", ("seconds",)).value


def reserved(source, per_example):
    """Seconds for what follows training: evaluations and the export.

    Args:
      source: the `Source`, of which each split is evaluated.
      per_example: seconds that the evaluation of one example takes.
    """
    examples = most_of_train(source, hurried=True)
    examples += sum(source.splits[name].num_examples for name in (VALIDATION, TEST))
    return _OVERHEAD + per_example * examples


class TimeBudget:
    """An action's callable that ends training while there is still time for what follows."""

    def __init__(
        self, budget, *, source, batch_size, spent, evaluates, cluster, clock=time.monotonic
    ):
        """
        Args:
          budget: --time_budget.
          source: the `Source`, whose splits are evaluated after training.
          batch_size: examples a step.
          spent: seconds that earlier starts of the run trained.
          evaluates: (moment) -> whether validation is evaluated then.
          cluster: the `Cluster`; the times of moments are of its chief's clock.
          clock: the trainer's.
        """
        self._budget = budget
        self._source = source
        self._validation = source.splits[VALIDATION].num_examples
        self._batch_size = batch_size
        self._evaluates = evaluates
        self._end = cluster.agree(clock() - seconds_since_start() + _seconds(budget) - spent)
        self._recent = None  # seconds of a step in the latest loops; None before the first
        self._evaluated = None  # when the latest loop ended, if validation was evaluated after it
        self._evaluations = []  # seconds of those so far

    def __call__(self, moment):
        """Decides by what all workers know: times of the moments."""
        self._note_evaluation(moment)
        step = self._step_seconds(moment)
        per_example = self._per_example(step)
        # An evaluation that is due at this moment has begun after its `now`.
        pending = per_example * self._validation
        needed = step * moment.steps + pending + reserved(self._source, per_example)
        if moment.now + needed > self._end and not moment.last:
            moment.stop = f"time budget: {self._budget} are over but for evaluation and export"

    def _note_evaluation(self, moment):
        if self._evaluated is not None:
            self._evaluations.append(moment.now - moment.seconds - self._evaluated)
        self._evaluated = moment.now if self._evaluates(moment) else None

    def _per_example(self, step):
        """Seconds of the evaluation of one example; the first one was compiled as well."""
        if len(self._evaluations) > 1:
            return self._evaluations[-1] / self._validation
        return step / self._batch_size * _FORWARD

    def _step_seconds(self, moment):
        """Of the latest loops; 0.0 after the first, most of whose time may be compilation."""
        if self._recent is None:
            self._recent = collections.deque(maxlen=_RECENT)
            return 0.0
        self._recent.append(moment.seconds / moment.steps)
        return statistics.median(self._recent)
