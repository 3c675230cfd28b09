"""The answer to standard output, the log to standard error; neither can end a run.

A pipe that is closed at its other end (`2>&1 | head -1`), or a log on a full disk, must not cost
the training that it is the log of: what nobody can take any more goes nowhere. All that is printed
or logged goes through here, where control characters in names and messages are made visible.
"""

import errno
import io
import logging
import os
import select
import shutil
import sys

from tfapp.runtime import plain_text

_STDOUT, _STDERR = 1, 2
_ANSWERS = [True]  # whether this process gives them
_TAG = [""]  # before every line of the log, where several processes have one each


def answer(text):
    """Prints an answer of one or more lines."""
    if _ANSWERS[0]:
        print(plain_text.lines(str(text)), flush=True)  # a program may wait for it


def leave_answers_to_others():
    """From now on this process logs warnings only, and prints no answer."""
    _ANSWERS[0] = False
    logging.getLogger("tfapp").setLevel(logging.WARNING)


def tag(text):
    """Puts `text`, such as "[worker 1] ", before every line of the log from now on."""
    _TAG[0] = text


def tagged(line):
    """A line as the log shows it."""
    return f"{_TAG[0]}{line}"


def report(message, details=""):
    """Prints to stderr why the process ends: one line, and then the lines of `details`."""
    print(tagged(f"tfapp: {plain_text.one_line(str(message))}"), file=sys.stderr)
    if details:
        print(plain_text.lines(details), file=sys.stderr)


def log_to_stderr():
    """The log of tfapp, and the warnings of others, go to stderr: one plain line a record."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(message)s"))
    handler.addFilter(says_more_than_retracing)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("tfapp").setLevel(logging.INFO)


def says_more_than_retracing(record):
    """A filter: TensorFlow advises against functions that are traced often, as evaluations are.

    Each split, each task and each run in a process has an evaluation of its own.
    """
    return "triggered tf.function retracing" not in record.getMessage()


def columns(stream):
    """The width of the terminal that `stream` writes to; 0 if its lines cannot be overwritten."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return 0
    try:
        # Not shutil's, which asks stdout: that may be a file while the log is on the terminal.
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        found = 0
    return found or shutil.get_terminal_size().columns


class OneLine(logging.Formatter):
    """Makes one line of a record, whatever is in it."""

    def format(self, record):
        return tagged(plain_text.one_line(super().format(record)))


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
