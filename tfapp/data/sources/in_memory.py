"""A data set that is given as an object: a DataFrame, a dict of arrays, (x, y), or these by split.

Columns are read as those of a table's file are, by `sources.table`; arrays of several dimensions
as those of an .npz, by `sources.arrays`.
"""

import dataclasses
import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.sources.custom import open_object
from tfapp.data.sources.table import open_table
from tfapp.data.splits.label_names import LABEL
from tfapp.data.splits.split_names import SPLITS, TRAIN, of_word
from tfapp.data.tables.from_frame import table_of, table_of_columns
from tfapp.data.tables.labels import find_label
from tfapp.data.tables.reader import TableReader
from tfapp.errors import DataError, UsageError
from tfapp.given import ArrowStream, Given, is_by_split, is_table
from tfapp.registry import suggest

_NESTED = (list, tuple, np.ndarray)
_ROWS = 256  # of each split that the hash in a snapshot's name is made of


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The splits of a data set that was read once, as tables or else as arrays."""

    splits: dict[str, pa.Table] | dict[str, dict[str, np.ndarray]]
    are_tables: bool
    label: str  # where it was given apart from the features; "": it is one of the columns


class _Tables(TableReader):
    """Reads tables in memory; a path is what messages call the table."""

    ENDINGS = ()

    def __init__(self, tables):
        self._tables = tables

    def read(self, path):
        """See `TableReader`."""
        return self._tables[path], {}


def snapshot(dataset, label):
    """`dataset`, a `Given`, with a `Snapshot` in place of the object and a hash in its name.

    Args:
      dataset: a `Given`; what has been called is left as it is.
      label: --label.

    Raises:
      DataError: the object cannot be read.
    """
    value = dataset.value
    if isinstance(value, Snapshot) or not (is_table(value) or isinstance(value, (Mapping, tuple))):
        return dataset
    parts = _by_split(dataset, value)
    places = _places(dataset, parts)
    named = {split: _columns(places[split], part, label) for split, part in parts.items()}
    read = {split: _read(places[split], columns) for split, (columns, _) in named.items()}
    kinds = {type(part) for part in read.values()}
    if len(kinds) > 1:
        raise DataError(f"{dataset}: one split holds columns, another arrays of more dimensions")
    taken = Snapshot(read, are_tables=kinds == {pa.Table}, label=named[TRAIN][1])
    return Given(f"{dataset[:-1]}, {_digest(read)}>", dataset.kind, taken)


def open_given(dataset, *, label, task, **columns):
    """Opens a `Given`.

    Args:
      dataset: the `Given`.
      label: --label.
      task: --task.
      columns: features, feature_kind, weight_column, group_column, drop_missing_labels,
        max_bad_examples and settled, as for `open_table`.

    Raises:
      UsageError: a flag that this data cannot follow.
      DataError: the object cannot be used.
    """
    dataset = snapshot(dataset, label)
    taken = dataset.value
    if not isinstance(taken, Snapshot):
        _check_no_columns(dataset, columns)
        return open_object(taken, dataset=dataset, label=label, task=task)
    name, label = str(dataset), label or taken.label
    if taken.are_tables:
        places = _places(name, taken.splits)
        source = open_table(
            {split: [place] for split, place in places.items()},
            reader=_Tables({places[split]: table for split, table in taken.splits.items()}),
            dataset=name,
            label=label,
            task=task,
            **columns,
        )
        return dataclasses.replace(source, files=())
    _check_no_columns(name, columns)
    label = label or find_label(name, "", list(taken.splits[TRAIN]))
    return source_from_arrays(name, taken.splits, label=label, task=task)


def _places(name, splits):
    """split -> what messages call it."""
    return {s: f"{name}, split {s}" if len(splits) > 1 else str(name) for s in splits}


def _check_no_columns(name, columns):
    for flag in (
        "features",
        "feature_kind",
        "weight_column",
        "group_column",
        "drop_missing_labels",
    ):
        if columns[flag]:
            raise UsageError(f"--{flag}: --dataset={name} is no table of columns")


def _by_split(dataset, value):
    """split -> its data, in the order of `SPLITS`."""
    words = {key: of_word(str(key)) for key in value} if isinstance(value, Mapping) else {}
    if not is_by_split(value) and not (words and all(words.values())):
        return {TRAIN: value}
    parts = {}
    for key, split in words.items():
        if split is None:
            raise DataError(f"{dataset}: unknown split {key!r}{suggest(str(key), SPLITS)} "
                            f"(one of {', '.join(SPLITS)})")  # fmt: skip
        if split in parts:
            raise DataError(f"{dataset}: {key!r} is the second split called {split}")
        parts[split] = value[key]
    if TRAIN not in parts:
        raise DataError(f"{dataset}: no split called {TRAIN} (found: {', '.join(parts)})")
    return {split: parts[split] for split in SPLITS if split in parts}


def _columns(where, part, label):
    """(table, or dict of columns; name of the label if it is given apart) of one split."""
    if isinstance(part, tuple) and len(part) == 2:
        x, y = part
        name = label or LABEL
        if is_table(x):
            x = _columns_of(x, where)
        elif not isinstance(x, Mapping):
            x = {"x" if name != "x" else "features": x}
        y = _labels(where, y, name, apart=_are_columns(list(map(_array, x.values()))))
        twice = next((key for key in y if key in x), None)
        if twice is not None:
            raise DataError(f"{where}: both y and a column of x are called {twice!r}; rename it, "
                            "or call y another --label")  # fmt: skip
        return {**x, **y}, ",".join(y)
    if is_table(part) or isinstance(part, Mapping):
        return part, ""
    raise DataError(
        f"{where}: is a {type(part).__name__}; a DataFrame, a dict of arrays or (x, y) is needed"
    )


def _labels(where, y, name, *, apart):
    """The labels by name: [n] where they come as [n, 1].

    Several columns stay apart, under names of their own, if those of the features do (`apart`);
    otherwise they are one array [n, columns].
    """
    if is_table(y):
        columns = _columns_of(y, f"{where}, y")
        if len(columns) == 1:
            return {name: next(iter(columns.values()))}
        return columns if apart else {name: np.stack(list(map(np.asarray, columns.values())), 1)}
    y = _array(y)
    if not isinstance(y, np.ndarray) or y.ndim != 2:
        return {name: y}
    if y.shape[1] == 1:
        return {name: y[:, 0]}
    return {f"{name}_{i}": column for i, column in enumerate(y.T)} if apart else {name: y}


def _are_columns(features):
    """Whether all are columns [n], and one of them holds what only a table's column can."""
    arrays = [part for part in features if isinstance(part, np.ndarray)]
    others = len(arrays) < len(features) or any(part.dtype.kind not in "uif" for part in arrays)
    return others and all(part.ndim == 1 for part in arrays)


def _columns_of(table, where):
    """Name -> column of a table."""
    table = table_of(table, where)
    return dict(zip(table.column_names, table.columns, strict=True))


def _read(where, columns):
    """A `pyarrow.Table`, or name -> NumPy array where one of them has several dimensions."""
    if is_table(columns):
        return table_of(columns, where)
    arrays = {}
    for name, values in columns.items():
        if str(name) in arrays:
            raise DataError(f"{where}: two of its names are equal as text, {str(name)!r}")
        try:
            arrays[str(name)] = _array(values)
        except ValueError as error:
            raise DataError(f"{where}, {name!r}: is ragged") from error
    if all(not isinstance(array, np.ndarray) or array.ndim == 1 for array in arrays.values()):
        return table_of_columns(arrays, where)
    return {name: np.asarray(array) for name, array in arrays.items()}


def _array(values):
    """A column of a table's library, or a list of plain values, as it is; else a NumPy array."""
    if isinstance(values, (ArrowStream, pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, list) and _are_sets(values):
        return pa.array(values, pa.list_(pa.string()))
    nested = isinstance(values, list) and isinstance(next(iter(values), None), _NESTED)
    return values if isinstance(values, list) and not nested else np.asarray(values)


def _are_sets(values):
    """Whether a list holds lists of words, and None for those that are missing."""
    sets = [value for value in values if value is not None]
    return (
        bool(sets)
        and all(isinstance(labels, (list, tuple)) for labels in sets)
        and any(sets)
        and all(isinstance(label, str) for labels in sets for label in labels)
    )


def _digest(splits):
    """A hash of the names, the sizes and some rows of all splits."""
    digest = hashlib.sha256()
    for split, part in splits.items():
        if isinstance(part, pa.Table):
            rows = part.take(_evenly(part.num_rows))
            content = [str(part.schema), part.num_rows, rows.to_pylist()]
            digest.update(repr([split, *content]).encode(errors="surrogatepass"))
            continue
        for name, array in part.items():
            rows = array[_evenly(len(array))] if array.ndim else array
            digest.update(repr([split, name, array.shape, str(array.dtype)]).encode())
            digest.update(repr(rows.tolist()).encode(errors="surrogatepass"))
    return digest.hexdigest()[:8]


def _evenly(count):
    most = min(count, _ROWS)
    return np.arange(most) * count // max(most, 1)
