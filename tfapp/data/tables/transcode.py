"""A file in any encoding as a stream of UTF-8, in which bytes that are damaged are marked."""

import codecs
import io
import re

import pyarrow as pa

# A noncharacter of Unicode, which no text contains, in place of bytes that cannot be decoded.
DAMAGED = "\ufdd0"
_BLOCK = 1 << 20  # bytes that are decoded at a time
_ERRORS = "tfapp-damaged"

codecs.register_error(_ERRORS, lambda error: (DAMAGED, error.end))


def open_bytes(path):
    """The content of the file at `path`, uncompressed if its name ends in .gz, .bz2 or the like."""
    return pa.input_stream(str(path))


def decode(data, encoding):
    """The text of `data`, the beginning of a file, which may be cut within a character."""
    return codecs.getincrementaldecoder(encoding)(_ERRORS).decode(data).removeprefix("\ufeff")


class Utf8Stream(io.RawIOBase):
    """Reads a file as UTF-8."""

    def __init__(self, path, encoding, *, blanks=None):
        """
        Args:
          path: of the file, which may be compressed.
          encoding: of Python's codecs.
          blanks: (delimiter, quote) between which blanks are left out; None: nothing is.
        """
        super().__init__()
        self.damaged = False  # whether some of what was read could not be decoded
        self._file = open_bytes(path)
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self._left, self._text, self._first, self._ended = b"", "", True, False
        self._blanks = self._held = None
        if blanks:
            delimiter, quote = map(re.escape, blanks)
            self._blanks = re.compile(rf"({delimiter}) +(?={quote})")
            self._held = re.compile(rf"{delimiter} *$")

    def readable(self):
        return True

    def readinto(self, buffer):
        while not self._left and not self._ended:
            self._left = self._next()
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self):
        if not self.closed:
            self._file.close()
        super().close()

    def _next(self):
        data = self._file.read(_BLOCK)
        self._ended = not data
        text = self._text + self._decoder.decode(data, final=self._ended)
        self._text = ""
        if text and self._first:
            text, self._first = text.removeprefix("\ufeff"), False
        if self._blanks:
            text = self._blanks.sub(r"\1", text)
            held = None if self._ended else self._held.search(text)
            if held:
                text, self._text = text[: held.start()], held[0]
        self.damaged = self.damaged or DAMAGED in text
        return text.encode("utf-8")
