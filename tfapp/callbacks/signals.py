"""SIGTERM and SIGINT end training after the running loop of steps; a second one ends at once."""

import contextlib
import signal

STOP_REASON = "signal"


class StopSignals:
    """A context manager that catches the signals, and an action that passes them on."""

    _CAUGHT = (signal.SIGTERM, signal.SIGINT)

    def __init__(self):
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
        if self._received is not None and not moment.last:
            moment.stop = STOP_REASON

    @property
    def name(self):
        """Name of the signal received, or ""."""
        return signal.Signals(self._received).name if self._received is not None else ""

    def _receive(self, number, frame):
        del frame
        if self._received is not None:
            self.__exit__()
            raise KeyboardInterrupt
        self._received = number
