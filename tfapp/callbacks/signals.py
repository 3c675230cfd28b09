"""SIGTERM, SIGINT, --stop_signal and --max_time end training after the running loop of steps."""

import contextlib
import signal
import time

from tfapp.callbacks.time_limit import TimeLimit, closing_seconds
from tfapp.flag_values import parse_duration, parse_signal
from tfapp.runtime.process_clock import seconds_since_start

STOP_REASON = "signal"
_URGENT = (signal.SIGTERM, signal.SIGINT)  # a second one of these ends at once, without saving
# Seconds in which a second SIGTERM is the first once more: Slurm sends it to a task and to the
# srun that passes it on.
_SAME = 2.0


class StopSignals:
    """A context manager that catches the signals, and an action that stops training.

    A signal to one worker stops all of them at the same step: the action asks the cluster, and so
    has to be called every loop. So does a worker whose time is over.

    Attributes:
      limit: the `TimeLimit`.
    """

    def __init__(self, cluster, *, stop_signal="", limit=None, clock=time.monotonic):
        """
        Args:
          cluster: a `Cluster`.
          stop_signal: --stop_signal. Schedulers may send it several times, and SIGTERM after it.
          limit: a `TimeLimit`; None: no limit.
          clock: seconds; injected by tests.
        """
        self._clock = clock
        self._cluster = cluster
        self.limit = limit or TimeLimit("", state_bytes=0)
        self._caught = {*_URGENT, *_numbers(stop_signal)}
        if self.limit:
            self._caught.add(signal.SIGALRM)  # of `interrupting`, should a loop take too long
        self._cause = ""  # why this worker wants to stop
        self._urgent = None  # when the first of _URGENT came
        self._previous = {}

    def __enter__(self):
        with contextlib.suppress(ValueError):  # outside the main thread Python allows no handlers
            for number in self._caught:
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exc_info):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def __call__(self, moment):
        if self.limit.is_over() and not self._cause:
            self._cause = self.limit.name
        if self._cluster.any(bool(self._cause)) and not moment.last:
            moment.stop = STOP_REASON

    @property
    def name(self):
        """What stopped training."""
        return self._cause or "another worker, which got a signal or whose --max_time is over"

    def _receive(self, number, frame):
        del frame
        if number in _URGENT and self._urgent is not None and not self._is_same(number):
            self.__exit__()
            raise KeyboardInterrupt
        if number in _URGENT and self._urgent is None:
            self._urgent = self._clock()
        if not self._cause:
            self._cause = _name(number, self.limit.name)

    def _is_same(self, number):
        return number == signal.SIGTERM and self._clock() - self._urgent < _SAME


@contextlib.contextmanager
def interrupting(stop_signal, max_time):
    """Inside, --stop_signal and the end of --max_time raise KeyboardInterrupt, as Ctrl-C does.

    It holds while nothing is trained: `StopSignals` takes its place, and saves. The message of the
    exception names the cause.
    """

    def interrupt(number, frame):
        del frame
        raise KeyboardInterrupt(_name(number, f"--max_time={max_time}"))

    numbers = [*_numbers(stop_signal), *([signal.SIGALRM] if max_time else [])]
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        if max_time:
            limit = parse_duration(max_time, "max_time", ("seconds",)).value
            left = limit - closing_seconds(limit) - seconds_since_start()
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-3))
        yield
    finally:
        if max_time:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _numbers(stop_signal):
    return (parse_signal(stop_signal, "stop_signal"),) if stop_signal else ()


def _name(number, limit):
    return limit if number == signal.SIGALRM else signal.Signals(number).name
