"""Lengths of training, written as users think of them: `500`, `3e`, `10%`, `60s`, `4096ex`."""

import dataclasses
import math
import re

from tfapp.errors import UsageError

_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(ex|e|%|s|)")
_UNITS = {"": "steps", "e": "epochs", "%": "percent", "s": "seconds", "ex": "examples"}


@dataclasses.dataclass(frozen=True)
class Duration:
    """A length; `unit` is steps, epochs, percent (of the run), seconds or examples."""

    value: float
    unit: str


@dataclasses.dataclass(frozen=True)
class RunLength:
    """How long a run is, for turning durations into steps."""

    steps_per_epoch: int
    total_steps: int
    batch_size: int

    def steps(self, duration):
        """A `Duration` in optimizer steps, at least 1 unless its value is 0."""
        per_unit = {
            "steps": 1.0,
            "epochs": self.steps_per_epoch,
            "percent": self.total_steps / 100,
            "examples": 1.0 / self.batch_size,
        }[duration.unit]
        return max(math.ceil(duration.value * per_unit - 1e-9), 1 if duration.value else 0)


def parse_duration(text, flag, units=("steps", "epochs", "percent", "seconds", "examples")):
    """Reads a `Duration`.

    Raises:
      UsageError: not of the form above, or a unit that is not among `units`.
    """
    match = _FORM.fullmatch(str(text).strip())
    unit = _UNITS[match.group(2)] if match else None
    if unit not in units:
        forms = {"steps": "500", "epochs": "3e", "percent": "10%", "seconds": "60s"}
        forms["examples"] = "4096ex"
        examples = ", ".join(f"{forms[u]} ({u})" for u in units)
        raise UsageError(f"--{flag}={text}: write it as {examples}")
    return Duration(float(match.group(1)), unit)
