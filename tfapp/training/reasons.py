"""Why a user's model fails, in one line."""

import re

import tensorflow as tf

from tfapp.errors import TfappError

_BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)
_LONGEST = 200  # characters


def reason(error):
    """An exception's type and message, without the context that TensorFlow and Keras add."""
    text = str(error)
    if isinstance(error, TfappError):
        return text
    if isinstance(error, tf.errors.OpError):  # the lines that follow list nodes of the graph
        return f"{type(error).__name__}: {text.splitlines()[0]}"[:_LONGEST]
    keras = _BOLD.search(text)
    lines = [line for line in (keras[1] if keras else text).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1].strip() if lines else ''}"[:_LONGEST]
