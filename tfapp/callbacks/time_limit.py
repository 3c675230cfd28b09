"""--max_time: whether to stop now, so that all is saved before the time of the process is over."""

import collections
import math
import time

from tfapp.flag_values import parse_duration
from tfapp.runtime.process_clock import seconds_since_start

# Times the longest of the latest saves: one that may be due before the next loop, and the one at
# the end, for which a file system may need half as long again.
_SAVES = 2.5
_LATEST = 5
# Bytes a second that a save is expected to write before one has been measured: a tenth of what a
# local disk takes, since run folders of several machines are on a shared file system.
_UNMEASURED = 50e6


def closing_seconds(limit):
    """Seconds kept for the end of the process, of `limit` seconds: writers, summary, exit."""
    return min(5.0, limit / 10)


class TimeLimit:
    """Asked once a loop; stops early enough for one more loop, what follows it, and a save."""

    def __init__(self, limit, *, state_bytes, clock=time.monotonic):
        """
        Args:
          limit: --max_time, counted from the start of the process; "": no limit.
          state_bytes: of a checkpoint, roughly.
          clock: seconds; injected by tests.
        """
        self._limit = limit
        self._clock = clock
        self._saves = collections.deque(maxlen=_LATEST)  # seconds of the latest ones
        self._first_save = state_bytes / _UNMEASURED
        self._asked = None  # when `is_over` was called last, without what saving took since then
        self._longest = 0.0  # seconds from one call to the next: a loop, and perhaps an evaluation
        self._end = math.inf
        if limit:
            seconds = parse_duration(limit, "max_time", ("seconds",)).value
            self._end = clock() - seconds_since_start() + seconds - closing_seconds(seconds)

    def __bool__(self):
        return bool(self._limit)

    @property
    def name(self):
        """How a message names it, with a remark if it leaves hardly any time to train."""
        remark = "" if self._longest else " (over after the first steps of this start: raise it)"
        return f"--max_time={self._limit}{remark}"

    def is_over(self):
        """Whether another loop could end too late for a save. To be called after each loop."""
        now = self._clock()
        if self._asked is not None:  # the first loop's time is mostly compilation
            self._longest = max(self._longest, now - self._asked)
        self._asked = now
        return now + self._longest + self._save_seconds() > self._end

    def timed(self, save):
        """`save`, an action's callable, whose time is measured."""

        def call(moment):
            begin = self._clock()
            save(moment)
            seconds = self._clock() - begin
            self._saves.append(seconds)
            if self._asked is not None:
                self._asked += seconds

        return call

    def _save_seconds(self):
        return _SAVES * (max(self._saves) if self._saves else self._first_save)
