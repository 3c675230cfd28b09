"""When something is due: after so many steps, after so many seconds, or every loop."""

import math
import time


class EverySteps:
    """Due at each multiple of `steps`."""

    def __init__(self, steps):
        self._steps = steps

    def steps_left(self, step):
        """Steps from `step` to the next moment; the loop never runs past it."""
        return self._steps - step % self._steps

    def due(self, step):
        return step % self._steps == 0


class EverySeconds:
    """Due at the first return to the host after `seconds` have gone by."""

    def __init__(self, seconds, clock=time.monotonic):
        self._seconds = seconds
        self._clock = clock
        self._last = clock()

    def steps_left(self, step):
        del step  # time does not bound a loop's steps
        return math.inf

    def due(self, step):
        del step
        if self._clock() - self._last < self._seconds:
            return False
        self._last = self._clock()
        return True


class EveryLoop:
    """Due at each return to the host."""

    def steps_left(self, step):
        del step
        return math.inf

    def due(self, step):
        del step
        return True
