"""How far a prediction is: a live line on a terminal, plain lines every few seconds elsewhere."""

import time

from tfapp.runtime import output, plain_text
from tfapp.runtime.live_line import LiveLine


class RowsProgress:
    """Shows rows done and rows a second, over all of this process."""

    def __init__(self, *, done, total, unit="rows", stream=None, clock=time.monotonic):
        """
        Args:
          done: rows that an earlier process has done.
          total: of all rows; None: not known.
          unit: what is counted.
          stream: defaults to stderr; where it fails, nothing is shown any more.
          clock: seconds; injected by tests.
        """
        self._line = LiveLine(stream)
        self._clock, self._unit = clock, unit
        self._before, self._done, self._total = done, done, total
        self._began = self._shown = clock()

    def add(self, rows):
        """So many more rows are done."""
        self._done += rows
        if self._clock() - self._shown >= self._line.seconds:
            self._shown = self._clock()
            self._line.show(self._fitted, final=False)

    def end(self):
        """The last line."""
        self._line.show(self._fitted, final=True)

    def leave(self):
        """Ends a live line, where an error follows."""
        self._line.leave()

    def _fitted(self, columns):
        """The line, cut to so many columns; None: whole."""
        of = f"/{self._total:,}" if self._total is not None else ""
        seconds = max(self._clock() - self._began, 1e-6)
        rate = (self._done - self._before) / seconds
        text = f"{self._unit} {self._done:,}{of}  {rate:,.0f} examples/s  {seconds:,.1f} s"
        text = output.tagged(text)
        return text if columns is None else plain_text.cut(text, columns)
