"""When something is due: after so many steps, after so many seconds, or every loop."""

import math

from tfapp.errors import UsageError
from tfapp.training.trigger import Trigger


class EverySteps(Trigger):
    """Due at each multiple of `steps`."""

    def __init__(self, steps):
        """Raises UsageError unless `steps` is a whole number above 0."""
        if steps < 1 or steps != int(steps):
            raise UsageError(f"EverySteps({steps}): must be a whole number of at least 1")
        self._steps = int(steps)

    def steps_left(self, step):
        return self._steps - step % self._steps

    def due(self, moment):
        return moment.step % self._steps == 0


class EverySeconds(Trigger):
    """Due at the first return to the host after `seconds` have gone by on the chief's clock."""

    def __init__(self, seconds):
        """Raises UsageError unless `seconds` is above 0."""
        if not seconds > 0:
            raise UsageError(f"EverySeconds({seconds}): must be above 0")
        self._seconds = seconds
        self._last = None  # when it was due; None: training has not begun

    def steps_left(self, step):
        del step  # time does not bound a loop's steps
        return math.inf

    def due(self, moment):
        if self._last is None:
            self._last = moment.now - moment.seconds
        if moment.now - self._last < self._seconds:
            return False
        self._last = moment.now
        return True


class EveryLoop(Trigger):
    """Due at each return to the host."""

    def steps_left(self, step):
        del step
        return math.inf

    def due(self, moment):
        del moment
        return True
