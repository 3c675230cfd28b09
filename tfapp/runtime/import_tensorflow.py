"""Imports TensorFlow without its C++ banner, which no log level silences.

The lines are written before TensorFlow's logging is set up, and twice. They are kept until the
import has worked, and shown if it has not.
"""

import os
import sys
import tempfile

from tfapp.runtime import tf_settings


def import_tensorflow():
    """Imports tensorflow; a user's own TF_CPP_MIN_LOG_LEVEL brings the banner back."""
    tf_settings.apply()
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "tensorflow" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        terminal = os.dup(2)
        os.dup2(kept.fileno(), 2)
        worked = False
        try:
            import tensorflow  # noqa: F401

            worked = True
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            if not worked:
                kept.seek(0)
                sys.stderr.write(kept.read().decode(errors="replace"))
