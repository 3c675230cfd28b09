"""`package.module:name` and registered names: a user's own data set.

It is a callable without arguments. It returns a dict whose values, by split, are (features,
labels), dicts of arrays one of which is the label, or iterators that give either for one example at
a time; the ((x, y), (x, y)) of Keras's load_data(), train and test; or a finished
`tfapp.data.splits.source.Source`.
"""

from collections.abc import Mapping

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.sources.own_arrays import collect, to_array
from tfapp.data.splits.label_names import LABEL
from tfapp.data.splits.source import Source
from tfapp.data.splits.split import Split
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import DataError
from tfapp.given import by_split
from tfapp.users_code import users_code


def open_object(target, *, dataset, label, task):
    """Calls the user's `target` and checks what it returns. Raises DataError."""
    name = dataset
    with users_code(f"--dataset={name}", DataError):
        value = by_split(target())
    if isinstance(value, Source):
        return _checked(name, value)
    if not isinstance(value, Mapping) or not value:
        raise DataError(f"--dataset={name}: returned {type(value).__name__}; return a dict such as "
                        '{"train": (x, y), "test": (x, y)}')  # fmt: skip
    label = label or LABEL
    splits = {
        str(split): _arrays(f"--dataset={name}: split {split}", part, label)
        for split, part in value.items()
    }
    return source_from_arrays(name, splits, label=label, task=task)


def _checked(name, source):
    """The user's `source`, if the rest of tfapp can work with it. Raises DataError."""
    if TRAIN not in source.splits:
        raise DataError(f"--dataset={name}: its Source has no split called {TRAIN}")
    for split, examples in source.splits.items():
        if not isinstance(examples, Split):
            raise DataError(
                f"--dataset={name}: split {split} is a {type(examples).__name__}; derive it from "
                f"{Split.__module__}.{Split.__name__}"
            )
    return source


def _arrays(where, part, label):
    part = collect(where, part)
    if isinstance(part, (tuple, list)) and len(part) == 2:
        part = {"x" if label != "x" else "features": part[0], label: part[1]}
    if not isinstance(part, Mapping):
        raise DataError(
            f'{where} is a {type(part).__name__}; make it (x, y) or {{"x": x, "{label}": y}}'
        )
    arrays = {str(key): to_array(f"{where}: {key}", array) for key, array in part.items()}
    if len(arrays) < len(part):
        raise DataError(f"{where}: two of its names are equal as text")
    return arrays
