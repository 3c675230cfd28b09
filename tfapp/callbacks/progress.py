"""The progress of training: a live line on a terminal, plain lines every few seconds elsewhere."""

import time

from tfapp.callbacks.metric_text import metric_parts
from tfapp.metrics.results import results
from tfapp.runtime import output, plain_text
from tfapp.runtime.live_line import LiveLine

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
        self._line = LiveLine(stream)
        self._clock = clock
        self._shown = clock()
        self._step_seconds = None
        self._loops = 0

    def __call__(self, moment):
        self._loops += 1
        if self._loops > 1:  # the first loop's time is compilation
            self._measure(moment.seconds / moment.steps)
        due = self._clock() - self._shown >= self._line.seconds
        if moment.last or moment.stop or due:
            self._shown = self._clock()
            self._show(self._parts(moment), final=moment.last or bool(moment.stop))

    def note(self, text):
        """Prints a line of its own above the live line."""
        self._line.note(output.tagged(self._line.encodable(text)))

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
        parts = [(rank, self._line.encodable(text)) for rank, text in parts]
        self._line.show(lambda columns: _fitted(parts, columns), final=final)


def _fitted(parts, columns):
    """The most important of `parts`, (rank, text), that fit in so many columns; None: all."""
    if columns is None:
        return output.tagged(_joined(parts))
    while len(parts) > 1 and plain_text.width(_joined(parts)) > columns:
        parts.remove(max(reversed(parts), key=lambda part: part[0]))
    return plain_text.cut(_joined(parts), columns)


def _joined(parts):
    return "  ".join(text for _, text in parts)


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
