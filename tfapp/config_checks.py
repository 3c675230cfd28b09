"""What a Config refuses without looking at any data: single values, and those that contradict."""

import contextlib
import math
import numbers
import re

from tfapp.errors import UsageError
from tfapp.flag_values import parse_duration, real_number, whole_number
from tfapp.registry import suggest

_PERCENTAGE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)%")


def converted(name, value, flag):
    """`value` as the type of its `Flag`, where nothing is lost. Python may give a field anything.

    Raises:
      UsageError: something would be lost.
    """
    kind = flag.number or type(flag.default)
    if isinstance(value, str) and value in flag.words:
        return value
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if isinstance(value, kind) and (number or kind not in (int, float)):
        return value
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if number and (kind in (float, str) or (kind is int and isinstance(value, numbers.Integral))):
        with contextlib.suppress(OverflowError):  # an integer that no float can hold
            return kind(value)
    words = "".join(f" or {word!r}" for word in flag.words if flag.number)
    raise UsageError(f"--{name}={value!r}: must be of type {kind.__name__}{words}")


def read_number(name, text, flag):
    """The number, or one of the flag's words, that a command line writes as `text`.

    Raises:
      UsageError: it is neither.
    """
    if text in flag.words:
        return text
    number = whole_number(text) if flag.number is int else real_number(text)
    if number is None:
        kind = "a whole number" if flag.number is int else "a number"
        raise UsageError(f"--{name}={text}: write it as {kind}, or {' or '.join(flag.words)}")
    return number


def check_value(name, value, flag):
    """Checks one value against its `Flag`: choices, form and bounds. Raises UsageError."""
    if isinstance(value, str) and value in flag.words:
        return
    if flag.choices and value not in flag.choices:
        raise UsageError(
            f"--{name}={value}: unknown{suggest(value, flag.choices)} "
            f"(one of {', '.join(flag.choices)})"
        )
    number = parse_duration(value, name, flag.units).value if flag.units else value
    if flag.bounds() and not flag.allows(number):
        raise UsageError(f"--{name}={value}: {flag.bounds()}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"--{name}={value}: must be finite")
    if flag.repeated:
        _check_pairs(name, value, "=", "name=value")


def check_forms(config):
    """Checks what is written in a form of its own. Raises UsageError."""
    _check_pairs("feature_kind", config.feature_kind, ":", "COLUMN:KIND")
    per_loop = config.steps_per_loop
    if per_loop != "auto" and not whole_number(per_loop):
        raise UsageError(f"--steps_per_loop={per_loop}: a number above 0, or auto")
    if (
        config.time_budget
        and not parse_duration(config.time_budget, "time_budget", ("seconds",)).value
    ):
        raise UsageError(f"--time_budget={config.time_budget}: must be above 0")
    bad = config.max_bad_examples
    if whole_number(bad) is None and not _is_percentage(bad):
        raise UsageError(f"--max_bad_examples={bad}: write it as 10, or as 1% of all examples")
    if "none" in config.export and len(config.export) > 1:
        raise UsageError(f"--export={','.join(config.export)}: none excludes every other format")
    for name in config.writers:
        if config.writers.count(name) > 1:
            raise UsageError(f"--writers={','.join(config.writers)}: {name} is given twice")


def check_together(config):
    """Checks flags that need or contradict each other. Raises UsageError."""
    if config.mode in ("eval", "predict") and not config.model_dir:
        raise UsageError(f"--mode={config.mode} needs --model_dir, the folder of a finished run")
    predicts = config.mode == "predict"
    _check_belongs("input", config.input, predicts)
    if config.mode != "inspect":  # its contact sheet may be named, and has a name of its own
        _check_belongs("output", config.output, predicts)
    if config.strategy == "one" and config.logical_devices > 1:
        raise UsageError(
            f"--strategy=one contradicts --logical_devices={config.logical_devices}: "
            "drop one of them"
        )
    if config.engine == "stream" and config.xla == "loop":
        raise UsageError(
            "--engine=stream contradicts --xla=loop: the host feeds every step; use --xla=step"
        )
    if config.resume == "must" and not config.model_dir:
        raise UsageError("--resume=must needs --model_dir, the folder to continue")


def _check_belongs(name, value, predicts):
    if bool(value) != predicts:
        verb = "belongs to" if value else "is needed with"
        raise UsageError(f"--{name} {verb} --mode=predict")


def _check_pairs(name, pairs, sign, form):
    for pair in pairs:
        if sign not in pair:
            raise UsageError(f"--{name}={pair}: write it as {form}")


def _is_percentage(text):
    return _PERCENTAGE.fullmatch(text) is not None and float(text[:-1]) <= 100
