"""Keeps from the terminal what native libraries write to the process's standard error."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quiet_stderr():
    """Inside, file descriptor 2 is a temporary file, which is dropped.

    For calls that report by what they raise and also print pages, such as TensorFlow's converter.
    Where there is no place for a temporary file, everything is printed.
    """
    sys.stderr.flush()
    try:
        dropped = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
    except OSError:
        yield
        return
    with dropped:
        terminal = os.dup(2)
        os.dup2(dropped.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
