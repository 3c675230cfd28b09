"""The progress of training: a live line on a terminal, plain lines every few seconds elsewhere."""

import sys
import time

from tfapp.callbacks.metric_text import metric_text
from tfapp.metrics.results import results
from tfapp.runtime.output import Nowhere

_PLAIN_SECONDS = 5.0  # between two plain lines
_LIVE_SECONDS = 0.1  # between two redraws of the live line
_SMOOTHING = 0.7  # weight of the past in the shown rate


class Progress:
    """Shows step, loss, metrics, rate and time left."""

    def __init__(self, *, steps_per_epoch, batch_size, metrics, stream=None, clock=time.monotonic):
        """
        Args:
          steps_per_epoch: optimizer steps an epoch.
          batch_size: examples a step, over all replicas.
          metrics: `Metric`s of training.
          stream: defaults to stderr; where it fails, nothing is shown any more.
          clock: seconds; injected by tests.
        """
        self._steps_per_epoch = steps_per_epoch
        self._batch_size = batch_size
        self._metrics = metrics
        self._stream = stream or sys.stderr or Nowhere()
        self._clock = clock
        self._live = self._stream.isatty()
        self._shown = clock()
        self._step_seconds = None
        self._loops = 0
        self._width = 0

    def __call__(self, moment):
        self._loops += 1
        if self._loops > 1:  # the first loop's time is compilation
            self._measure(moment.seconds / moment.steps)
        wait = _LIVE_SECONDS if self._live else _PLAIN_SECONDS
        if moment.last or moment.stop or self._clock() - self._shown >= wait:
            self._shown = self._clock()
            self._show(self._text(moment), final=moment.last or bool(moment.stop))

    def note(self, text):
        """Prints a line of its own above the live line."""
        if self._live and self._width:
            text = "\r" + text.ljust(self._width)
        self._write(text + "\n")
        self._width = 0

    def _measure(self, seconds):
        if self._step_seconds is None:
            self._step_seconds = seconds
        self._step_seconds = _SMOOTHING * self._step_seconds + (1 - _SMOOTHING) * seconds

    def _text(self, moment):
        metrics = metric_text(results(self._metrics, moment.sums))
        epochs = f"epoch {moment.step / self._steps_per_epoch:.1f}"
        text = f"step {moment.step}/{moment.total_steps}  {epochs}  {metrics}"
        if self._step_seconds:
            left = (moment.total_steps - moment.step) * self._step_seconds
            rate = self._batch_size / self._step_seconds
            text += f"  {rate:,.0f} examples/s  {_duration(left)} left"
        return text

    def _show(self, text, final):
        if self._live:
            self._write("\r" + text.ljust(self._width) + ("\n" if final else ""))
            self._width = 0 if final else len(text)
        else:
            self._write(text + "\n")

    def _write(self, text):
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed, or lacks a character
            self._stream = Nowhere()


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
