"""What a field of Config knows about its flag: meaning, group, choices, bounds, part in a run."""

import dataclasses
import functools

STEPS = ("steps", "epochs", "percent", "examples")  # units of a duration that become steps


@dataclasses.dataclass(frozen=True)
class Flag:
    """One flag of the command line."""

    default: bool | int | float | str | tuple[str, ...]
    meaning: str  # for --help, with the unit and what zero or empty means
    group: str  # heading in --help
    _: dataclasses.KW_ONLY
    choices: tuple[str, ...] = ()  # empty: any value of the default's type
    identity: bool = False  # a run's folder is bound to the value
    identity_unless: tuple[str, str] = ()  # so it is unless this other flag has this value
    resolved: bool = True  # in a run's flags.txt: it says what is computed, not where or how
    repeated: bool = False  # one flag an item, name=value, instead of a list with commas
    number: type | None = None  # int or float: a number, or one of `words`
    words: tuple[str, ...] = ()  # what may stand in place of a number or a duration
    units: tuple[str, ...] = ()  # of a duration; empty: the value is none
    above: float | None = None  # bounds of a number or duration: exclusive ...
    below: float | None = None
    least: float | None = None  # ... and inclusive
    most: float | None = None

    def bounds(self):
        """What a value must be, as the end of a sentence; empty without bounds."""
        if self.above is not None:
            if self.below is None:
                return f"must be above {self.above}"
            return f"must lie between {self.above} and {self.below}"
        if self.least is None:
            return ""
        if self.most is not None:
            return f"must lie between {self.least} and {self.most}"
        if self.below is not None:
            return f"must be at least {self.least} and below {self.below}"
        return f"must be {self.least} or more"

    def allows(self, number):
        """Whether `number` is within the bounds. NaN is within none."""
        return (
            (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
        )


def in_group(name):
    """Returns field(default, meaning, **about), which makes a dataclass field with its `Flag`."""
    return functools.partial(_field, name)


def flags_of(cls):
    """The `Flag` of each field of a dataclass, by name, in their order."""
    return {field.name: field.metadata["flag"] for field in dataclasses.fields(cls)}


def _field(group, default, meaning, **about):
    flag = Flag(default, meaning, group, **about)
    return dataclasses.field(default=default, metadata={"flag": flag})
