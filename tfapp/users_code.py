"""Errors in code that users wrote: one line with their own reason, and the file and line.

Whoever calls a user's module, model, task or data set does so inside `users_code`.
"""

import contextlib
import os
import re
import sysconfig

from tfapp.errors import TfappError, UsageError

_LONGEST = 300  # characters of a reason; the middle of longer ones is left out
_BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)  # Keras prints the original message bold
_NODE = re.compile(r"^(\{\{[^}]*\}\}\s*)+")  # TensorFlow begins with the node of the graph
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)', re.MULTILINE)  # of a traceback
_RAISED = re.compile(r"^(\w+: .+)$", re.MULTILINE)  # the last line of one
_PLACES = sysconfig.get_paths()
# Files below these are not the user's, nor what autograph makes of the user's.
_FOREIGN = (
    *(_PLACES[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    os.path.dirname(os.path.abspath(__file__)) + os.sep,
)
_GENERATED = "__autograph_generated_file"
# What Python cannot do with a tensor of a compiled step: part of the message -> what to do instead.
_ON_TENSORS = {
    "as a Python `bool`": "an if, while, and, or or not on a tensor cannot be compiled; use "
    "keras.ops.cond (tf.cond) or keras.ops.where",
    "terating over a symbolic": "a Python loop over a tensor cannot be compiled; use "
    "keras.ops.unstack, or keras.ops.scan",
    "to a numpy array": "NumPy cannot be compiled; use keras.ops instead",
    "'SymbolicTensor'": "a tensor has no value while a step is compiled; stay with tensors and "
    "keras.ops",
}


@contextlib.contextmanager
def users_code(what, error_class=UsageError):
    """Turns what the code inside raises, `sys.exit` included, into one line.

    Args:
      what: the beginning of the message: the flag, its value, what was done.
      error_class: a subclass of `TfappError`.

    Raises:
      TfappError: of `error_class`; one that the code raises itself passes.
    """
    try:
        yield
    except TfappError:
        raise
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise error_class(f"{what}: {reason(error)}") from error


def reason(error):
    """An exception's type, message and place in the user's code, if it has one there.

    What TensorFlow and Keras wrap around a message is left out.
    """
    if isinstance(error, TfappError):
        return str(error)
    found = place(error)
    if isinstance(error, SyntaxError) and error.filename and os.path.isfile(error.filename):
        return f"{type(error).__name__}: {error.msg} ({_shown(error.filename)}:{error.lineno})"
    where = f" ({found})" if found else ""
    if isinstance(error, SystemExit):
        return f"calls sys.exit({error.code!r}); raise an error instead{where}"
    if _inner(error):
        raised = _RAISED.findall(_inner(error))
        return f"{_shortened(raised[-1])}{where}" if raised else f"a Python function failed{where}"
    message = _message(error)
    for part, remedy in _ON_TENSORS.items():
        if part in message and "ymbolic" in message:
            return f"{type(error).__name__}: {remedy}{where}"
    colon = ": " if message else ""
    return f"{type(error).__name__}{colon}{_shortened(message)}{where}"


def place(error):
    """FILE:LINE of the innermost frame in a user's file, or "" if there is none."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    frames += _FRAME.findall(_inner(error))
    found = [f"{_shown(file)}:{line}" for file, line in frames if _is_users(file)]
    return found[-1] if found else ""


def _is_users(file):
    path = os.path.abspath(file)
    return os.path.isfile(path) and not path.startswith(_FOREIGN) and _GENERATED not in path


def _shown(file):
    """Relative to the working directory where the file is below it."""
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative


def _inner(error):
    """The traceback of a function that tf.py_function calls: text in TensorFlow's message."""
    _, found, inner = _text(error).partition("Traceback (most recent call last):")
    return inner if found else ""


def _text(error):
    if isinstance(error, KeyError) and len(error.args) == 1:
        return str(error.args[0])  # and not its repr, which hides the ends of lines
    try:
        return str(error)
    except Exception:  # a user's exception may fail even at this
        return ""


def _message(error):
    text = _text(error)
    import tensorflow as tf  # late: names are looked up without it

    if isinstance(error, tf.errors.OpError):
        text = _NODE.sub("", error.message or text)
    bold = _BOLD.search(text)
    text = bold[1] if bold else text
    if isinstance(error, tf.errors.OpError):
        return text.strip().partition("\n")[0]  # the lines that follow list nodes of the graph
    return " ".join(text.split())


def _shortened(text):
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"
