"""Opens data sets as training does: with the splits that are missing held out of train."""

from tfapp.data import open_source
from tfapp.data.splits.holdout import with_all_splits


def open_all(dataset, *, seed=0, validation_split=0.1, **values):
    """A `Source` with train, validation and test; `values` are arguments of `open_source`."""
    source = open_source(str(dataset), validation_split=validation_split, **values)
    return with_all_splits(source, fraction=validation_split, seed=seed)
