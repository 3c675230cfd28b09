"""A finding: one problem and its remedy."""

import dataclasses

ERROR = "error"  # something cannot work
WARNING = "warning"  # it works, slower or less safely than it could
NOTE = "note"  # worth knowing
LEVELS = (ERROR, WARNING, NOTE)


@dataclasses.dataclass(frozen=True)
class Finding:
    """A problem and its remedy, each half a sentence."""

    level: str  # one of LEVELS
    what: str
    fix: str

    def __str__(self):
        return f"{self.what}; {self.fix}"
