"""A label column of sets: lists (JSON lines, Parquet, Python), or strings such as a|b.

The rule for strings without --task: a column is one of sets if some of its values have a |, they
have different numbers of parts, and there are fewer distinct parts than distinct values, so that
parts recur. With --task=multi_label the first of | ; , that occurs in train separates, or nothing
does. Blanks around a part do not count. A value that is a separator alone is the empty set, as []
is; an empty field is a missing label.
"""

import functools
import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.tables import columns
from tfapp.data.tables.labels import Labels
from tfapp.data.tables.missing import is_missing
from tfapp.errors import DataError
from tfapp.spec import LabelSpec

_LOG = logging.getLogger("tfapp")
_SEPARATORS = ("|", ";", ",")
_MOST = 5_000  # labels; each is a byte an example
_SHOWN = 6  # labels that are named in the log


def is_list(kind):
    """True for Arrow types of lists."""
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_one(kind) for is_one in lists)


def holds_lists(part, name):
    """Whether a column of a `Part` is one of lists."""
    return any(is_list(chunk.type) for chunk in part.columns[name])


def separator_of(part, name, *, forced):
    """What separates the labels in a column of strings: a character, "", or None: they are no sets.

    Args:
      part: the `Part` of train.
      name: of the column.
      forced: whether --task says that the values are sets.
    """
    column = part.strings(name)
    values = column.values[column.counts() > 0]
    values = values[~is_missing(values, words=False)].tolist()
    if forced:
        return next((s for s in _SEPARATORS if any(s in value for value in values)), "")
    separator = _SEPARATORS[0]
    if not any(separator in value for value in values):
        return None
    sets = [_parts(value, separator) for value in values]
    recur = len(set().union(*sets)) < len(values)
    return separator if recur and len({len(labels) for labels in sets}) > 1 else None


def make_sets(dataset, name, train, separator):
    """The labels of a column of lists, or of strings where there is a `separator`.

    Args:
      dataset: what messages call the data set.
      name: the label's column.
      train: the `Part` of the training split.
      separator: of strings; None: the column holds lists.

    Returns:
      (spec, encode): a `LabelSpec` of kind "multi_label", and a function of a `Part` that returns
      its `Labels`, whose values are uint8 [n, labels].

    Raises:
      DataError: nothing can be learnt from it.
    """
    rows, labels, missing = _pairs(dataset, name, train, separator)
    found = np.unique(labels)
    names = tuple(sorted(found.tolist(), key=columns.number_or_word))
    where = f"{dataset}, split train: label {name}"
    if len(names) < 2:
        raise DataError(
            f"{where} holds " + (f"one label only, {names[0]!r}" if names else "no labels")
        )
    if set(names) == {"0", "1"}:
        raise DataError(
            f"{where} holds lists of 0 and 1; give lists of the labels' names, or a column of 0 "
            "and 1 for each label: --label=a,b,c"
        )
    if len(names) > _MOST:
        raise DataError(
            f"{where} holds {len(names):,} distinct labels, at most {_MOST:,} are learnt"
        )
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    sets = "lists" if separator is None else f"words with {separator!r} between them"
    if separator == "":
        sets = "words"
    each = len(rows) / max(len(missing) - missing.sum(), 1)
    _LOG.info(
        "label %s: %s, %.2g of %d labels a row -> multi_label: %s%s",
        name, sets, each, len(names), shown,
        "" if separator is None else "; --task=classification takes each value for one class",
    )  # fmt: skip
    spec = LabelSpec(name, "multi_label", len(names), names, (len(names),))
    return spec, functools.partial(_encode, dataset, name, names, separator)


def _encode(dataset, name, names, separator, part):
    rows, labels, missing = _pairs(dataset, name, part, separator)
    order = {label: i for i, label in enumerate(names)}
    distinct, codes = np.unique(labels, return_inverse=True)
    places = np.array([order.get(label, -1) for label in distinct.tolist()], np.int64)[codes]
    values = np.zeros((part.num_rows, len(names)), np.uint8)
    known = places >= 0
    values[rows[known], places[known]] = 1
    wrong = {
        int(row): f"label {name!r} holds {label!r}, which no row of train has"
        for row, label in zip(rows[~known], labels[~known], strict=True)
    }
    absent = np.flatnonzero(missing).tolist()
    return Labels(values, missing, wrong | dict.fromkeys(absent, f"label {name!r} is missing"))


def _pairs(dataset, name, part, separator):
    """(rows int64 [k], labels object [k], missing bool [n]): each label of each row."""
    if separator is not None:
        return _of_strings(part.strings(name), separator)
    rows, labels, missing, start = [], [], [], 0
    for chunk in part.columns[name]:
        if pa.types.is_null(chunk.type):
            chunk = chunk.cast(pa.list_(pa.string()))
        if not is_list(chunk.type) or not _holds_names(chunk.type.value_type):
            raise DataError(
                f"{part.paths[0]}: column {name!r} holds values of type {str(chunk.type)[:60]}; "
                "lists of words or of whole numbers are needed"
            )
        lengths = pc.fill_null(pc.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
        rows.append(start + np.repeat(np.arange(len(chunk)), lengths))
        labels.append(np.asarray(columns.as_strings([chunk.drop_null().flatten()])))
        missing.append(pc.is_null(chunk).to_numpy(zero_copy_only=False))
        start += len(chunk)
    rows, labels = np.concatenate(rows), np.concatenate(labels).astype(object)
    present = labels != ""
    return rows[present], labels[present], np.concatenate(missing)


def _holds_names(kind):
    return columns.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)


def _of_strings(column, separator):
    sets = [_parts(value, separator) for value in column.values.tolist()]
    sizes = column.map(np.array([len(labels) for labels in sets], np.int64))
    rows = np.repeat(np.arange(len(column)), sizes)
    flat = [label for code in column.codes.tolist() for label in sets[code]]
    labels = np.array([*flat, ""], object)[:-1]  # of objects even if it is empty
    missing = column.map(is_missing(column.values, words=True))
    kept = ~missing[rows]
    return rows[kept], labels[kept], missing


def _parts(value, separator):
    """The labels in a string, each once."""
    parts = value.split(separator) if separator else [value]
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
