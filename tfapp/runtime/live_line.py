"""A line about progress: drawn again and again on a terminal, a line of its own elsewhere."""

import sys

from tfapp.runtime import output, plain_text

_PLAIN_SECONDS = 5.0  # between two plain lines
_LIVE_SECONDS = 0.1  # between two redraws of the live line


class LiveLine:
    """Where progress is shown; where the stream fails, nothing is shown any more."""

    def __init__(self, stream=None):
        """`stream`: defaults to stderr."""
        self._stream = stream or sys.stderr or output.Nowhere()
        self._live = output.columns(self._stream) > 0
        self._width = 0

    @property
    def seconds(self):
        """How long one line should stay before the next."""
        return _LIVE_SECONDS if self._live else _PLAIN_SECONDS

    def show(self, fit, *, final):
        """Shows a line in place of the one before.

        Args:
          fit: columns, an int or None where any number will do -> the line.
          final: whether it stays.
        """
        if not self._live:
            self._write(fit(None) + "\n")
            return
        # Asked for each time, because a window can be resized. A character in the last column
        # would move some terminals on to the next line.
        columns = max(output.columns(self._stream) - 1, 1)
        text = fit(columns)
        padded = plain_text.padded(text, min(self._width, columns))
        self._write("\r" + padded + ("\n" if final else ""))
        self._width = 0 if final else plain_text.width(text)

    def note(self, text):
        """Prints a line of its own above the live line."""
        if self._live and self._width:
            text = "\r" + plain_text.padded(text, self._width)
        self._write(text + "\n")
        self._width = 0

    def leave(self):
        """Ends a live line, where an error follows."""
        if self._width:
            self._write("\n")

    def encodable(self, text):
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
