"""Imports TensorFlow and Keras quickly, and without the C++ banner, which no log level silences.

The lines are written before TensorFlow's logging is set up, and twice. They are kept until the
import has worked, and printed if it has not.
"""

import contextlib
import gc
import os
import sys
import tempfile

from tfapp.runtime import plain_text, tf_settings


def import_tensorflow():
    """Imports them once; a user's own TF_CPP_MIN_LOG_LEVEL brings the banner back."""
    tf_settings.apply()
    if "tensorflow" in sys.modules:
        return
    with _without_garbage_collection():
        tf_settings.quiet()
        if os.environ[tf_settings.LOG_LEVEL] == tf_settings.SILENT:
            _import_quietly()
        else:
            _import()


def _import():
    import keras
    import tensorflow  # noqa: F401

    keras.layers  # noqa: B018 (Keras is imported when it is first used)


def _import_quietly():
    sys.stderr.flush()
    try:
        kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
    except OSError:  # nowhere on this machine: the banner is printed
        _import()
        return
    with kept:
        terminal = os.dup(2)
        os.dup2(kept.fileno(), 2)
        worked = False
        try:
            _import()
            worked = True
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            if not worked:
                kept.seek(0)
                sys.stderr.write(plain_text.lines(kept.read().decode(errors="replace")))


@contextlib.contextmanager
def _without_garbage_collection():
    """An import makes a million objects and no garbage: looking for it takes a fifth of the time.

    (2.06 s with, 1.72 s without, two AVX-512 cores.) Nor is it looked for among them later.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
