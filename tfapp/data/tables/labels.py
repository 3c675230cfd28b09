"""The label of a table: which column, classes or real values, and the label of each row."""

import numpy as np

from tfapp.data.splits import label_names
from tfapp.data.tables import columns
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest
from tfapp.spec import LabelSpec

_FEW = 50  # distinct integers up to which they are taken for classes


def find_label(dataset, label, names):
    """The label's column: `label`, or the only one of `names` that usually means the label.

    Raises:
      UsageError: there is no such column.
    """
    if label and label not in names:
        raise UsageError(
            f"--label={label}: {dataset} has no such column{suggest(label, names)} "
            f"(columns: {', '.join(names)})"
        )
    found = [label] if label else label_names.candidates(names)
    if len(found) != 1:
        raise UsageError(
            f"--label: say which column of {dataset} is to be learnt ({', '.join(names)})"
        )
    return found[0]


def make_label(dataset, name, train, task):
    """Decides whether the label is a class or a real value, from train.

    Args:
      dataset: what messages call the data set.
      name: the label's column.
      train: the `Part` of the training split.
      task: --task.

    Returns:
      (spec, encode): a `LabelSpec`, and a function of a `Part` that returns its labels [n] and a
      dict of rows whose label cannot be used -> reason.

    Raises:
      DataError: nothing can be learnt from it.
    """
    if _is_real(train.columns[name], task):
        return LabelSpec(name, "real"), lambda part: _real(name, part)
    column = train.strings(name)
    values = column.values[column.counts() > 0]
    values = sorted({v for v in values.tolist() if v}, key=_number_or_word)
    if len(values) < 2:
        raise DataError(
            f"{dataset}, split train: label {name} has "
            + (f"one class only, {values[0]!r}" if values else "no values")
        )
    if len(values) > len(column) / 2 and len(values) > _FEW:
        raise DataError(
            f"{dataset}, split train: label {name} has {len(values):,} distinct values in "
            f"{len(column):,} rows, too many for classes; name another --label"
        )
    spec = LabelSpec(name, "class", len(values), tuple(values))
    return spec, lambda part: _classes(name, part, values)


def _is_real(chunks, task):
    if task in ("classification", "regression"):
        return task == "regression"
    numeric = all(columns.is_number(chunk.type) for chunk in chunks)
    if not numeric:
        return False
    integral = all(str(chunk.type).startswith(("int", "uint")) for chunk in chunks)
    if not integral:
        return True
    distinct = set()
    for chunk in chunks:
        distinct.update(chunk.unique().to_pylist())
    return len(distinct - {None}) > _FEW


def _number_or_word(value):
    """Sort key: numbers by size, then words by letter."""
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def _real(name, part):
    numbers, _ = columns.as_numbers(part.columns[name])
    bad = np.flatnonzero(~np.isfinite(numbers))
    return numbers, {int(i): f"label {name!r} is missing or no finite number" for i in bad}


def _classes(name, part, values):
    column = part.strings(name)
    ids = {value: i for i, value in enumerate(values)}
    numbers = column.map(np.array([ids.get(v, -1) for v in column.values.tolist()], np.int32))
    bad = {}
    for i in np.flatnonzero(numbers < 0):
        value = column.values[column.codes[i]]
        found = f"is {value!r}, which is no class of train" if value else "is missing"
        bad[int(i)] = f"label {name!r} {found}"
    return numbers, bad
