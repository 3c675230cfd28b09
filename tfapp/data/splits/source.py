"""The contract of a data source: what the data is, and its splits by name."""

import dataclasses
from collections.abc import Mapping

from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.split import Split
from tfapp.spec import DataSpec


@dataclasses.dataclass(frozen=True)
class Source:
    """A `DataSpec` and the splits that have it."""

    spec: DataSpec
    splits: Mapping[str, Split]  # by split_names.SPLITS: train, and any of the others
    bad_examples: BadExamples = dataclasses.field(default_factory=BadExamples)
    held_out: tuple[str, ...] = ()  # splits that were drawn from train rather than given
    files: tuple[str, ...] = ()  # paths of what was read, where they are few
    # How a CSV was read, see `tables.reading.Reading.to_json`; empty for other data.
    reading: Mapping = dataclasses.field(default_factory=dict)

    def labels(self, split):
        """The labels of the split called `split`, NumPy [num_examples, ...]."""
        return self.splits[split].labels(self.spec.label.name)
