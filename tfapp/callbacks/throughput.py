"""The rate of a run, without the first loop of each start, whose time is compilation."""

from tfapp.runtime.process_clock import seconds_since_start


class Throughput:
    """Adds up loops; `summary` gives examples a second and milliseconds a step."""

    def __init__(self, batch_size, *, note=None, process_seconds=seconds_since_start):
        """
        Args:
          batch_size: examples a step.
          note: takes a line for the user once the first loop is done; None: no such line.
          process_seconds: () -> seconds since the process began; injected by tests.
        """
        self._batch_size = batch_size
        self._note = note
        self._process_seconds = process_seconds
        self._first_step_at = None
        self._steps = 0
        self._seconds = 0.0
        self._first_loop_seconds = None

    def __call__(self, moment):
        if self._first_loop_seconds is None:
            self._first_loop_seconds = moment.seconds
            self._first_step_at = self._process_seconds()
            if self._note:
                self._note(f"first step: {self._first_step_at:.1f} s after the start")
            return
        self._steps += moment.steps
        self._seconds += moment.seconds

    def summary(self):
        """examples_per_second and step_ms are None for a run of a single loop."""
        known = self._steps > 0 and self._seconds > 0
        first = self._first_loop_seconds
        return {
            "examples_per_second": round(self._steps * self._batch_size / self._seconds, 1)
            if known
            else None,
            "step_ms": round(1000 * self._seconds / self._steps, 4) if known else None,
            "first_loop_seconds": None if first is None else round(first, 3),
            "first_step_at_seconds": first and round(self._first_step_at, 3),
        }
