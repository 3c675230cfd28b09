"""How far a prediction is: a live line on a terminal, plain lines every few seconds elsewhere."""

import sys
import time

from tfapp.runtime import output, plain_text

_PLAIN_SECONDS, _LIVE_SECONDS = 5.0, 0.1  # between two lines, and two redraws of the live one


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
        self._stream = stream or sys.stderr or output.Nowhere()
        self._clock, self._unit = clock, unit
        self._live = output.columns(self._stream) > 0
        self._before, self._done, self._total = done, done, total
        self._began = self._shown = clock()
        self._width = 0

    def add(self, rows):
        """So many more rows are done."""
        self._done += rows
        wait = _LIVE_SECONDS if self._live else _PLAIN_SECONDS
        if self._clock() - self._shown >= wait:
            self._shown = self._clock()
            self._show("\r" if self._live else "", "" if self._live else "\n")

    def end(self):
        """The last line."""
        self._show("\r" if self._live else "", "\n")

    def leave(self):
        """Ends a live line, where an error follows."""
        if self._width:
            self._write("\n")

    def _show(self, before, after):
        of = f"/{self._total:,}" if self._total is not None else ""
        seconds = max(self._clock() - self._began, 1e-6)
        rate = (self._done - self._before) / seconds
        text = f"{self._unit} {self._done:,}{of}  {rate:,.0f} examples/s  {seconds:,.1f} s"
        text = output.tagged(text)
        if self._live:
            columns = max(output.columns(self._stream) - 1, 1)
            text = plain_text.cut(text, columns)
            padded = plain_text.padded(text, min(self._width, columns))
            self._width = 0 if after else plain_text.width(text)
            text = padded
        self._write(before + text + after)

    def _write(self, text):
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            self._stream, self._live = output.Nowhere(), False
