"""Evaluation between steps: records it, remembers the best step, stops when nothing improves."""

import math
import time

from tfapp.callbacks.metric_text import metric_text, number

EARLY_STOPPING = "early stopping"  # with which the reason of such an end begins
_SECONDS_BETWEEN_LINES = 1.0  # a short run evaluates far more often than one can read


class Validation:
    """Runs an evaluation and keeps host.best_* and the patience up to date."""

    def __init__(
        self,
        state,
        evaluate,
        metrics_log,
        *,
        monitor,
        goal,
        patience,
        note,
        counts_from=0,
        clock=time.monotonic,
    ):
        """
        Args:
          state: a `TrainState`.
          evaluate: () -> `EvaluationResult`.
          metrics_log: a `MetricsLog`.
          monitor: name of the result that decides.
          goal: "max" or "min".
          patience: evaluations without improvement before the end; 0: never.
          note: takes a line for the user; not each evaluation has one, metrics.jsonl has them all.
          counts_from: step from which evaluations count: those before are recorded, but none is
            the best and patience does not begin.
          clock: seconds; injected by tests.
        """
        self._state = state
        self._evaluate = evaluate
        self._metrics_log = metrics_log
        self._monitor = monitor
        self._sign = {"max": 1, "min": -1}[goal]
        self._patience = patience
        self._note = note
        self._counts_from = counts_from
        self._clock = clock
        self._shown = -math.inf  # when a line was last shown
        self.improved = False  # by the latest evaluation

    def __call__(self, moment):
        host = self._state.host
        metrics = self._evaluate().metrics
        self._metrics_log.write_validation(moment.step, metrics)
        value = host.last_value = metrics[self._monitor]
        # NaN compares as false with everything, so it is never the best.
        worst = -self._sign * math.inf
        best = worst if host.best_value is None else host.best_value
        counts = moment.step >= self._counts_from
        self.improved = counts and self._sign * value > self._sign * best
        if self.improved:
            host.best_value, host.best_step = value, moment.step
            host.evaluations_without_improvement = 0
        elif counts:
            host.evaluations_without_improvement += 1
        if self._patience and host.evaluations_without_improvement >= self._patience:
            best = f"{number(host.best_value)} (step {host.best_step})" if host.best_step else "NaN"
            moment.stop = (
                f"{EARLY_STOPPING}: {self._monitor} of validation has not improved on {best} for "
                f"{self._patience} evaluations"
            )
        self._show(moment, metrics)

    def _show(self, moment, metrics):
        """A line for this evaluation, unless the one before it has just been shown."""
        due = self._clock() - self._shown >= _SECONDS_BETWEEN_LINES
        if due or moment.last or moment.stop:
            self._shown = self._clock()
            text = metric_text(metrics, monitor=self._monitor)
            best = "  (best)" if self.improved else ""
            self._note(f"step {moment.step}  validation  {text}{best}")
