"""Standard output and error that never end a run: what nobody can take any more goes nowhere.

A pipe that is closed at its other end (`2>&1 | head -1`), or a log on a full disk, must not cost
the training that it is the log of.
"""

import errno
import io
import os
import select
import sys

_STDOUT, _STDERR = 1, 2


class Nowhere(io.TextIOBase):
    """A text stream that takes everything and keeps nothing."""

    def writable(self):
        return True

    def write(self, text):
        return len(text)


class _Unfailing(io.FileIO):
    """A descriptor of the process; once writing to it fails, it is that of os.devnull."""

    def __init__(self, descriptor):
        super().__init__(descriptor, "wb", closefd=False)

    def write(self, data):
        try:
            written = super().write(data)
            while written is None:  # a pipe that does not block, and is full
                select.select([], [self.fileno()], [])
                written = super().write(data)
            return written
        except OSError as error:
            _redirect(self.fileno())
            if self.fileno() == _STDOUT and error.errno != errno.EPIPE:
                sys.stderr.write(f"tfapp: stdout: {error.strerror}; the answer is not written\n")
            return len(data)


def protect():
    """Makes sys.stdout and sys.stderr such streams. For the entry point of a process."""
    for descriptor in (0, _STDOUT, _STDERR):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: the next file to be opened would become the process's output
            _redirect(descriptor)
    sys.stderr = _stream(_STDERR, sys.stderr)
    sys.stdout = _stream(_STDOUT, sys.stdout)


def _stream(descriptor, old):
    """A text stream to `descriptor` that replaces `old`, which may be None."""
    encoding, errors = "utf-8", "backslashreplace"
    if old is not None:
        old.flush()
        encoding = old.encoding
        # A name that the encoding lacks must not end a run either.
        errors = errors if old.errors == "strict" else old.errors
    raw = _Unfailing(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors=errors,
        line_buffering=descriptor == _STDERR or raw.isatty(),
    )


def _redirect(descriptor):
    """Lets `descriptor` be that of os.devnull."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
