"""`package.module:name`: a user's own data set.

A callable without arguments that returns, by split, either (features, labels) or a dict of arrays
one of which is the label; or that returns a finished `tfapp.data.splits.source.Source`.
"""

from collections.abc import Mapping

import numpy as np

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits.source import Source
from tfapp.errors import DataError, TfappError


def open_source(target, config):
    """Calls the user's `target` and checks what it returns. Raises DataError."""
    name = config.dataset
    try:
        value = target()
    except TfappError:
        raise
    except Exception as error:  # a user's function may raise anything
        raise DataError(f"--dataset={name}: {type(error).__name__}: {error}") from error
    if isinstance(value, Source):
        return value
    if not isinstance(value, Mapping) or not value:
        raise DataError(f"--dataset={name}: returned {type(value).__name__}; return a dict such as "
                        '{"train": (x, y), "test": (x, y)}')  # fmt: skip
    label = config.label or "label"
    splits = {split: _arrays(name, split, part, label) for split, part in value.items()}
    return source_from_arrays(name, splits, label=label, task=config.task)


def _arrays(name, split, part, label):
    if isinstance(part, (tuple, list)) and len(part) == 2:
        part = {"x": part[0], label: part[1]}
    if not isinstance(part, Mapping):
        raise DataError(
            f"--dataset={name}: split {split} is a {type(part).__name__}; "
            f'make it (x, y) or {{"x": x, "{label}": y}}'
        )
    return {str(key): np.asarray(array) for key, array in part.items()}
