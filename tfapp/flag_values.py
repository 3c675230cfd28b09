"""Values of flags that have a form of their own: name=value pairs, and durations."""

import ast
import dataclasses
import re
import signal

from tfapp.errors import UsageError
from tfapp.registry import suggest

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ex|e|%|s|m|h|)")
_LONGEST = 1e12  # of a duration: steps are counted in 64 bits
LARGEST_FLOAT = 3.4e38  # that float32 holds
_WHOLE = re.compile(r"[0-9]{1,18}")  # as many digits as an int64 always holds
_PATTERN = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_NUMBERED = re.compile(r"0|[1-9][0-9]{0,17}")
_UNITS = {
    "": "steps", "e": "epochs", "%": "percent", "s": "seconds", "m": "seconds", "h": "seconds",
    "ex": "examples",
}  # fmt: skip
_SECONDS = {"m": 60, "h": 3600}
# How a duration in each unit is written, for messages.
_WRITTEN = {
    "steps": "500",
    "epochs": "3e",
    "percent": "10%",
    "seconds": "60s",
    "examples": "4096ex",
}

STOP_SIGNALS = ("USR1", "USR2", "HUP", "INT", "QUIT", "TERM", "XCPU")  # that schedulers send


def whole_number(text):
    """The number that `text` writes in the digits 0 to 9; None if it is none, or beyond int64.

    `str.isdigit` also takes ² and digits of other scripts, which `int` may not.
    """
    return int(text) if _WHOLE.fullmatch(text) else None


def number_of_name(text):
    """Like `whole_number`, for names that are numbers: only if `str` would write it like this."""
    return int(text) if _NUMBERED.fullmatch(text) else None


def last_of_each(pairs):
    """("depth=3", "width=8", "depth=6") -> ("depth=6", "width=8"): as flags override flags.

    An empty pair forgets all before it.
    """
    last = {}
    for pair in pairs:
        if not pair:
            last.clear()
        else:
            last[pair.partition("=")[0].strip()] = pair
    return tuple(last.values())


def parse_arguments(pairs, flag):
    """Turns ("hidden=256", "activation=gelu") into {"hidden": 256, "activation": "gelu"}.

    A value that is no Python literal is a string.

    Raises:
      UsageError: a name is given twice, or a number is not finite.
    """
    arguments = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        name = name.strip()
        if name in arguments:
            raise UsageError(f"--{flag}={pair}: {name} is given twice")
        arguments[name] = _literal(value)
        if not _is_finite(arguments[name]):
            raise UsageError(f"--{flag}={pair}: must be finite")
    return arguments


def _literal(text):
    """The value of a Python literal; other text as it is."""
    try:
        return ast.literal_eval(text)
    # What it raises for text that is none: [0]: {} is no key, and nesting has limits.
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def _is_finite(value):
    """Whether no number in a literal is NaN, infinite, or beyond what a float holds."""
    if isinstance(value, dict):
        return all(map(_is_finite, (*value.keys(), *value.values())))
    if isinstance(value, (list, tuple, set)):
        return all(map(_is_finite, value))
    if isinstance(value, complex):
        return _is_finite(value.real) and _is_finite(value.imag)
    if isinstance(value, (int, float)):
        return -LARGEST_FLOAT <= value <= LARGEST_FLOAT
    return True


@dataclasses.dataclass(frozen=True)
class Duration:
    """A length; `unit` is steps, epochs, percent (of the run), seconds or examples."""

    value: float
    unit: str


def parse_duration(text, flag, units=tuple(_WRITTEN)):
    """Reads a `Duration` such as 500, 3e, 10%, 60s, 5m, 2h or 4096ex.

    Raises:
      UsageError: not of that form, too long, or a unit that is not among `units`.
    """
    match = _DURATION.fullmatch(str(text).strip())
    unit = _UNITS[match.group(2)] if match else None
    if unit not in units or float(match.group(1)) > _LONGEST:
        examples = ", ".join(f"{_WRITTEN[u]} ({u})" for u in units)
        raise UsageError(f"--{flag}={text}: write it as {examples}")
    return Duration(float(match.group(1)) * _SECONDS.get(match.group(2), 1), unit)


def parse_pattern(text, flag):
    """2:4 -> (2, 4): of 4 weights 2 stay. Raises UsageError for anything else."""
    match = _PATTERN.fullmatch(text)
    n, m = map(int, match.groups()) if match else (0, 0)
    if not 0 < n < m <= 32:
        raise UsageError(
            f"--{flag}={text}: write it as N:M with N below M, at most 32, such as 2:4"
        )
    return n, m


def parse_signal(text, flag):
    """The number of a signal that may stop a run: USR1, or SIGUSR1.

    Raises:
      UsageError: it is none of `STOP_SIGNALS`.
    """
    name = text.upper().removeprefix("SIG")
    if name not in STOP_SIGNALS:
        raise UsageError(
            f"--{flag}={text}: must be one of {', '.join(STOP_SIGNALS)}"
            f"{suggest(name, STOP_SIGNALS)}"
        )
    return signal.Signals[f"SIG{name}"]


def parse_threshold(text):
    """--threshold: from which probability the second of two classes is answered.

    Args:
      text: a probability; f1 or balanced_accuracy; or cost:FP:FN, what it costs to answer the
        second class wrongly and to miss it: by probabilities, the least is expected from
        FP / (FP + FN) on (Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001).

    Returns:
      (the probability, 0.5 where it is yet to be chosen; what it is chosen by, or "").

    Raises:
      UsageError: it is none of these.
    """
    if text in ("f1", "balanced_accuracy"):
        return 0.5, text
    kind, _, costs = text.partition(":")
    try:
        if kind == "cost":
            wrong, missed = map(float, costs.split(":"))
            found = wrong / (wrong + missed) if min(wrong, missed) > 0 else 0.0
        else:
            found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise UsageError(
            f"--threshold={text}: a probability between 0 and 1, f1, balanced_accuracy, or "
            "cost:FP:FN with two costs above 0"
        )
    return found, ""
