"""SIGTERM and SIGINT end training after the running loop of steps; a second one ends at once."""

import contextlib
import signal

STOP_REASON = "signal"


class StopSignals:
    """A context manager that catches the signals, and an action that stops training.

    A signal to one worker stops all of them at the same step: the action asks the cluster, and so
    has to be called every loop.
    """

    _CAUGHT = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, cluster):
        """`cluster`: a `Cluster`."""
        self._cluster = cluster
        self._received = None
        self._previous = {}

    def __enter__(self):
        with contextlib.suppress(ValueError):  # outside the main thread Python allows no handlers
            for number in self._CAUGHT:
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exc_info):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def __call__(self, moment):
        if self._cluster.any(self._received is not None) and not moment.last:
            moment.stop = STOP_REASON

    @property
    def name(self):
        """Name of the signal that stopped training."""
        if self._received is None:
            return "a signal to another worker"
        return signal.Signals(self._received).name

    def _receive(self, number, frame):
        del frame
        if self._received is not None:
            self.__exit__()
            raise KeyboardInterrupt
        self._received = number
