"""The log of tfapp in a Python program: on stderr as on the command line, unless the program has
set up logging itself.
"""

import contextlib
import logging
import sys

from tfapp.runtime import output

_PACKAGE = logging.getLogger("tfapp")


class _Stderr(logging.Handler):
    """Writes to what sys.stderr is at the time: notebooks and tests replace it."""

    def emit(self, record):
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # it is closed, or lacks a character
            self.handleError(record)


_HANDLER = _Stderr()
_HANDLER.setFormatter(output.OneLine("%(message)s"))


@contextlib.contextmanager
def shown():
    """Inside, the log is shown; afterwards logging is as it was.

    A program's own configuration is left alone: handlers of the root logger or of "tfapp", or a
    level of "tfapp". The handler is the root's, because absl configures a root that has none.
    """
    tensorflow = logging.getLogger("tensorflow")
    tensorflow.addFilter(output.says_more_than_retracing)
    try:
        with _shown():
            yield
    finally:
        tensorflow.removeFilter(output.says_more_than_retracing)


@contextlib.contextmanager
def _shown():
    root = logging.getLogger()
    if root.handlers or _PACKAGE.handlers or _PACKAGE.level != logging.NOTSET:
        yield
        return
    root.addHandler(_HANDLER)
    _PACKAGE.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(_HANDLER)
        _PACKAGE.setLevel(logging.NOTSET)
