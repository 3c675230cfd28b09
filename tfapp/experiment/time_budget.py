"""--time_budget: as many steps as fit, so that the schedule is finished when the time is over.

The budget is that of the whole command: from the start of the process to the export. A guard ends
training early where the machine has become slower than its first steps were.
"""

import collections
import math
import statistics
import time

from tfapp.data.splits.split_names import TRAIN, VALIDATION
from tfapp.errors import UsageError
from tfapp.experiment.calibration.measure import Prepared, time_step
from tfapp.experiment.evaluations import MOST_OF_TRAIN
from tfapp.flag_values import parse_duration
from tfapp.runtime.process_clock import seconds_since_start

_EVALUATIONS = 20  # on validation, as the recipe plans at least
_FORWARD = 0.4  # of a step's time, what an evaluation of as many examples takes
_OVERHEAD = 6.0  # seconds: tracing of evaluations, the export and its verification
_SPARE = 0.05  # of the budget, for a machine that becomes a little slower
_RECENT = 5  # loops whose median is the current speed


def step_seconds(settled, engine):
    """Seconds of one step of a `Settled`, measured; its state stays what it was."""
    return time_step(Prepared(settled.state, settled.run_loop, engine, settled.in_place))


def steps_within(budget, seconds, batches, splits, *, again):
    """How many steps fit.

    Args:
      budget: --time_budget.
      seconds: of one step.
      batches: the `BatchPlan`.
      splits: name -> `Split`.
      again: seconds that building and compiling the steps of the run itself takes.

    Raises:
      UsageError: none.
    """
    total = _seconds(budget)
    per_example = seconds / batches.batch_size * _FORWARD
    evaluation = per_example * splits[VALIDATION].num_examples
    reserve = reserved(splits, per_example)
    spent = seconds_since_start() + again
    left = total * (1 - _SPARE) - spent - reserve - _EVALUATIONS * evaluation
    if left < seconds:
        needed = math.ceil((total - left + seconds) / (1 - _SPARE))
        raise UsageError(
            f"--time_budget={budget}: is over before training can begin; at least {needed}s are "
            "needed here"
        )
    return int(left / seconds)


def _seconds(budget):
    return parse_duration(budget, "time_budget", ("seconds",)).value


def reserved(splits, per_example):
    """Seconds for what follows training: evaluations and the export.

    `per_example`: seconds that the evaluation of one example takes.
    """
    examples = sum(
        min(split.num_examples, MOST_OF_TRAIN) if name == TRAIN else split.num_examples
        for name, split in splits.items()
    )
    return _OVERHEAD + per_example * examples


class TimeBudget:
    """An action's callable that ends training while there is still time for what follows."""

    def __init__(self, budget, *, splits, batch_size, spent, clock=time.monotonic):
        """
        Args:
          budget: --time_budget.
          splits: name -> `Split`, evaluated after training.
          batch_size: examples a step.
          spent: seconds that earlier starts of the run trained.
          clock: the trainer's.
        """
        self._budget = budget
        self._splits = splits
        self._batch_size = batch_size
        self._end = clock() - seconds_since_start() + _seconds(budget) - spent
        self._recent = None  # seconds of a step in the latest loops; None before the first

    def __call__(self, moment):
        step = self._step_seconds(moment)
        reserve = reserved(self._splits, step / self._batch_size * _FORWARD)
        if moment.now + step * moment.steps + reserve > self._end and not moment.last:
            moment.stop = f"time budget: {self._budget} are over but for evaluation and export"

    def _step_seconds(self, moment):
        """Of the latest loops; 0.0 after the first, most of whose time is compilation."""
        if self._recent is None:
            self._recent = collections.deque(maxlen=_RECENT)
            return 0.0
        self._recent.append(moment.seconds / moment.steps)
        return statistics.median(self._recent)
