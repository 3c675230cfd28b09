"""Imports TensorFlow without its C++ banner, which no log level silences.

The lines are written before TensorFlow's logging is set up, and twice. They are captured during the
import, and shown if it fails.
"""

import os
import sys
import tempfile

from tfapp.runtime import tf_settings


def import_tensorflow():
    """Imports tensorflow; the banner is kept if the user has set TF_CPP_MIN_LOG_LEVEL."""
    tf_settings.apply()
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "tensorflow" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        terminal = os.dup(2)
        os.dup2(captured.fileno(), 2)
        worked = False
        try:
            import tensorflow  # noqa: F401

            worked = True
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            if not worked:
                captured.seek(0)
                sys.stderr.write(captured.read().decode(errors="replace"))
