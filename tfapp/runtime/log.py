"""The log of tfapp in a Python program: on stderr as on the command line, unless the program has
set up logging itself.
"""

import logging
import sys

_PACKAGE = logging.getLogger("tfapp")


class _Stderr(logging.Handler):
    """Writes to what sys.stderr is at the time: notebooks and tests replace it."""

    def emit(self, record):
        if logging.getLogger().handlers:
            return  # the program has set up logging since, and shows the record itself
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except (OSError, ValueError):
            self.handleError(record)


_HANDLER = _Stderr()
_HANDLER.setFormatter(logging.Formatter("%(message)s"))


def show():
    """Shows the log from now on; calling it again changes nothing.

    A program's own configuration is left alone: handlers of the root logger or of "tfapp", or a
    level of "tfapp".
    """
    if logging.getLogger().handlers:
        if _HANDLER in _PACKAGE.handlers:
            _PACKAGE.removeHandler(_HANDLER)
            _PACKAGE.setLevel(logging.NOTSET)
    elif not _PACKAGE.handlers and _PACKAGE.level == logging.NOTSET:
        _PACKAGE.addHandler(_HANDLER)
        _PACKAGE.setLevel(logging.INFO)
