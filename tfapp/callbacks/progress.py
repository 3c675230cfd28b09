"""The progress of training: a live line on a terminal, plain lines every few seconds elsewhere."""

import sys
import time

from tfapp.callbacks.metric_text import metric_parts
from tfapp.metrics.results import results
from tfapp.runtime import output, plain_text

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
        self._stream = stream or sys.stderr or output.Nowhere()
        self._clock = clock
        self._live = output.columns(self._stream) > 0
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
            self._show(self._parts(moment), final=moment.last or bool(moment.stop))

    def note(self, text):
        """Prints a line of its own above the live line."""
        text = output.tagged(self._shown_as(text))
        if self._live and self._width:
            text = "\r" + plain_text.padded(text, self._width)
        self._write(text + "\n")
        self._width = 0

    def _measure(self, seconds):
        if self._step_seconds is None:
            self._step_seconds = seconds
        self._step_seconds = _SMOOTHING * self._step_seconds + (1 - _SMOOTHING) * seconds

    def _parts(self, moment):
        """(rank, text) of each part of the line; a higher rank is left out earlier."""
        loss, *others = metric_parts(results(self._metrics, moment.sums))
        yield 0, f"step {moment.step}/{moment.total_steps}"
        yield 4, f"epoch {moment.step / self._steps_per_epoch:.1f}"
        yield 1, loss
        yield from ((3 if i == 0 else 6, text) for i, text in enumerate(others))
        if self._step_seconds:
            left = (moment.total_steps - moment.step) * self._step_seconds
            yield 5, f"{self._batch_size / self._step_seconds:,.0f} examples/s"
            yield 2, f"{_duration(left)} left"

    def _show(self, parts, final):
        parts = [(rank, self._shown_as(text)) for rank, text in parts]
        if not self._live:
            self._write(output.tagged(_joined(parts)) + "\n")
            return
        # Asked for each time, because a window can be resized. A character in the last column
        # would move some terminals on to the next line.
        columns = max(output.columns(self._stream) - 1, 1)
        text = _fitted(parts, columns)
        padded = plain_text.padded(text, min(self._width, columns))
        self._write("\r" + padded + ("\n" if final else ""))
        self._width = 0 if final else plain_text.width(text)

    def _shown_as(self, text):
        """What the stream makes of `text`: a character that its encoding lacks becomes longer."""
        encoding = self._stream.encoding or "utf-8"
        text = plain_text.one_line(text)
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def _write(self, text):
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            self._stream, self._live = output.Nowhere(), False


def _fitted(parts, columns):
    """The most important of `parts`, (rank, text), that fit in one line of so many columns."""
    while len(parts) > 1 and plain_text.width(_joined(parts)) > columns:
        parts.remove(max(reversed(parts), key=lambda part: part[0]))
    return plain_text.cut(_joined(parts), columns)


def _joined(parts):
    return "  ".join(text for _, text in parts)


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
