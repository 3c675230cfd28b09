"""How the table that a run was trained on was read, so that tables to predict are read alike."""

import dataclasses
from collections.abc import Mapping

from tfapp.data.tables.dialect import Dialect
from tfapp.data.tables.names import columns_of
from tfapp.errors import DataError
from tfapp.runtime import json_shape
from tfapp.runtime.json_shape import Each, Maybe

_TYPES = {field.name: Maybe(field.type) for field in dataclasses.fields(Dialect)}
_SHAPE = {"dialect": _TYPES, "names": [str], "label": str, "strings": [str], "marks": Each(str)}


@dataclasses.dataclass(frozen=True)
class Reading:
    """What was decided on train."""

    dialect: Dialect = dataclasses.field(default_factory=Dialect)
    names: tuple[str, ...] = ()  # of all columns, in their order
    label: str = ""
    strings: tuple[str, ...] = ()  # columns whose values are kept as they are written
    # Column of numbers that Python would not read -> its decimal mark.
    marks: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def names_of(self, width, path):
        """The names of `width` columns of a file without a header; () if none are known.

        Raises:
          DataError: the run was trained on another number of columns.
        """
        labels = columns_of(self.label, self.names)
        others = tuple(name for name in self.names if name not in labels)
        if not self.names:
            return ()
        if width not in (len(self.names), len(others)):
            raise DataError(
                f"{path}: has {width} columns and no header, whereas the run was trained on "
                f"{len(self.names)}, the label among them"
            )
        return self.names if width == len(self.names) else others

    def to_json(self):
        """A dict that can be written as JSON."""
        lists = {"names": list(self.names), "strings": list(self.strings)}
        return dataclasses.asdict(self) | lists

    @classmethod
    def from_json(cls, value):
        """Reads what `to_json` wrote. Raises DataError."""
        try:
            json_shape.check(value, _SHAPE)
            return cls(
                Dialect(**value["dialect"]),
                tuple(value["names"]),
                value["label"],
                tuple(value["strings"]),
                dict(value["marks"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"is damaged ({type(error).__name__}: {error})") from error
