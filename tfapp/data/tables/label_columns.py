"""A label of several columns: several quantities, or a 0 or 1 for each of several labels.

The rule without --task: columns that hold nothing but 0 and 1 in train are labels (multi_label),
other numbers are quantities (regression).
"""

import functools
import logging

import numpy as np
import pyarrow as pa

from tfapp.data.tables import columns
from tfapp.data.tables.labels import Labels
from tfapp.errors import DataError, UsageError
from tfapp.spec import KIND_OF_TASK, LabelSpec

_LOG = logging.getLogger("tfapp")


def make_columns(dataset, names, train, task):
    """Decides what several columns are, and logs why.

    Args:
      dataset: what messages call the data set.
      names: of the columns, at least two.
      train: the `Part` of the training split.
      task: --task.

    Returns:
      (spec, encode): a `LabelSpec`, and a function of a `Part` that returns its `Labels`, whose
      values are [n, columns].

    Raises:
      UsageError: the task learns one column.
      DataError: a column holds no numbers.
    """
    label, kind = ",".join(names), KIND_OF_TASK.get(task, "")
    if kind not in ("", "real", "multi_label") or task == "quantile_regression":
        raise UsageError(f"--label={label}: --task={task} learns one column, not {len(names)}")
    for name in names:
        _check_numbers(dataset, name, train)
    binary = all(_is_binary(train, name) for name in names)
    if kind == "multi_label" or (not kind and binary):
        if not binary:
            name = next(name for name in names if not _is_binary(train, name))
            raise DataError(
                f"--task=multi_label: label {name} of {dataset} holds other numbers than 0 and 1"
            )
        if not kind:
            _log(label, "nothing but 0 and 1 -> multi_label", "regression", "quantities")
        spec = LabelSpec(label, "multi_label", len(names), names, (len(names),))
        return spec, functools.partial(_encode, names, np.uint8)
    if not kind:
        remedy = ("multi_label", "labels") if binary else ()
        _log(label, f"numbers -> regression of {len(names)} quantities", *remedy)
    spec = LabelSpec(label, "real", shape=(len(names),), value_names=names)
    return spec, functools.partial(_encode, names, np.float32)


def _log(label, found, task="", what=""):
    remedy = f"; --task={task} takes the columns for {what}" if task else ""
    _LOG.info("label %s: %s%s", label, found, remedy)


def _check_numbers(dataset, name, part):
    """Raises DataError unless a column holds numbers or truth values."""
    chunks = [chunk for chunk in part.columns[name] if not pa.types.is_null(chunk.type)]
    known = all(columns.is_number(c.type) or pa.types.is_boolean(c.type) for c in chunks)
    if chunks and known:
        return
    if chunks and all(columns.is_string(chunk.type) for chunk in chunks):
        values = part.strings(name).values
        if columns.number_share(values) >= columns.MOSTLY:
            return
    raise DataError(
        f"--label: several columns must hold numbers, but {name} of {dataset} holds "
        f"{'words' if chunks else 'no values'}"
    )


def _is_binary(part, name):
    numbers, _ = columns.as_numbers(part.columns[name])
    return bool(np.isin(numbers[~np.isnan(numbers)], (0, 1)).all())


def _encode(names, dtype, part):
    """The `Labels` of a part: a row lacks its label if it lacks one of its values."""
    found = [_column(name, part, binary=dtype == np.uint8) for name in names]
    values = np.stack([column for column, _, _ in found], axis=1)
    missing = np.any([absent for _, absent, _ in found], axis=0)
    wrong = {row: why for _, _, rows in found for row, why in rows.items()}
    values = np.where(missing[:, None], 0, np.nan_to_num(values)).astype(dtype)
    counts = {n: int(absent.sum()) for n, (_, absent, _) in zip(names, found, strict=True)}
    return Labels(values, missing, wrong, counts)


def _column(name, part, *, binary):
    """(numbers, whether each is missing, row -> why it cannot be used) of one column."""
    numbers, bad = columns.as_numbers(part.columns[name])
    bad = np.zeros(len(numbers), bool) if bad is None else bad
    missing = np.isnan(numbers) & ~bad
    wrong = dict.fromkeys(np.flatnonzero(missing).tolist(), f"label {name!r} is missing")
    unusable, why = bad | np.isinf(numbers), f"label {name!r} is no finite number"
    if binary:
        unusable, why = ~missing & ~np.isin(numbers, (0, 1)), f"label {name!r} is neither 0 nor 1"
    return numbers, missing, wrong | dict.fromkeys(np.flatnonzero(unusable).tolist(), why)
