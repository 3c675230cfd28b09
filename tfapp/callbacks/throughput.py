"""The rate of a run, without the first loop of each start, whose time is compilation."""


class Throughput:
    """Adds up loops; `summary` gives examples a second and milliseconds a step."""

    def __init__(self, batch_size):
        self._batch_size = batch_size
        self._steps = 0
        self._seconds = 0.0
        self._first_loop_seconds = None

    def __call__(self, moment):
        if self._first_loop_seconds is None:
            self._first_loop_seconds = moment.seconds
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
            "compile_seconds": None if first is None else round(first, 3),
        }
