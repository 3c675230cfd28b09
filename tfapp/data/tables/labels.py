"""The label of a table: which column, classes or real values, and the label of each row."""

import dataclasses
import logging
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfapp.data.splits import label_names
from tfapp.data.tables import columns, label_rule
from tfapp.data.tables.missing import is_missing
from tfapp.data.tables.names import columns_in_words, columns_of
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest
from tfapp.spec import KIND_OF_TASK, LabelSpec

_LOG = logging.getLogger("tfapp")
_FEW = 50  # distinct values that may be classes, however few rows there are
_SHOWN = 6  # classes that are named in the log
_AS_CLASSES = "--task=classification takes its values for classes"
_AS_NUMBERS = "--task=regression takes its values for numbers"
_WHOLE = re.compile(r"([+-]?\d+)\.0*")


@dataclasses.dataclass(frozen=True)
class Labels:
    """The labels of one split's rows."""

    values: np.ndarray  # [n, ...]; arbitrary where missing or wrong
    missing: np.ndarray  # bool [n]
    wrong: dict[int, str]  # rows whose label is missing or cannot be used -> reason
    # Of a label of several columns: name -> rows that lack its value.
    missing_by_column: dict[str, int] = dataclasses.field(default_factory=dict)


def find_label(dataset, label, names):
    """The label: `label`, a column or several, or the only one of `names` that usually means it.

    Raises:
      UsageError: there is no such column, or one is named twice.
    """
    wanted = columns_of(label, names) if label else ()
    for column in wanted:
        if column not in names:
            which = f" {column!r}" if len(wanted) > 1 else ""
            raise UsageError(
                f"--label={label}: {dataset} has no such column{which}{suggest(column, names)} "
                f"({columns_in_words(names)})"
            )
        if wanted.count(column) > 1:
            raise UsageError(f"--label={label}: names {column!r} twice")
    found = [label] if label else label_names.candidates(names)
    if len(found) != 1:
        raise UsageError(
            f"--label: say which column of {dataset} is to be learnt ({columns_in_words(names)})"
        )
    return found[0]


def make_label(dataset, name, train, task):
    """Decides whether a label of one column is a class or a real value, from train; logs why.

    Args:
      dataset: what messages call the data set.
      name: the label's column.
      train: the `Part` of the training split.
      task: --task.

    Returns:
      (spec, encode): a `LabelSpec`, and a function of a `Part` that returns its `Labels`.

    Raises:
      DataError: nothing can be learnt from it.
    """
    numeric, wanted = _is_numeric(train, name), KIND_OF_TASK.get(task, "")
    if wanted == "real":
        if not numeric:
            raise DataError(
                f"--task={task}: label {name} of {dataset} holds words, not numbers, such as "
                f"{_example(train.strings(name))!r}"
            )
        real, why = True, ""
    elif task == "classification" or not numeric:
        real, why = False, ""
    else:
        real, why = _by_rule(name, train)
    if real:
        _log(name, f"{why} -> regression" if why else "", _AS_CLASSES)
        return LabelSpec(name, "real"), lambda part: _real(name, part)
    classes = _classes_of(dataset, name, train, numeric)
    found = why or f"{len(classes):,} distinct {'numbers' if numeric else 'words'}"
    shown = ", ".join(classes[:_SHOWN]) + (", ..." if len(classes) > _SHOWN else "")
    taken = "" if task == "classification" else f"{found} -> {len(classes):,} classes: {shown}"
    _log(name, taken, _AS_NUMBERS if numeric else "")
    spec = LabelSpec(name, "class", len(classes), classes)
    return spec, lambda part: _classes(name, part, classes, numeric)


def _log(name, found, remedy):
    if found:
        _LOG.info("label %s: %s%s", name, found, remedy and f"; {remedy}")


def is_words(part, name):
    """Whether a column holds strings that are not numbers."""
    strings = any(columns.is_string(chunk.type) for chunk in part.columns[name])
    return strings and not _is_numeric(part, name)


def _is_numeric(train, name):
    chunks = [c for c in train.columns[name] if not pa.types.is_null(c.type)]
    if chunks and all(columns.is_number(chunk.type) for chunk in chunks):
        return True
    if not chunks or not all(columns.is_string(chunk.type) for chunk in chunks):
        return False
    values = train.strings(name).values
    values = values[~is_missing(values, words=False)]
    return len(values) > 0 and columns.number_share(values) >= columns.MOSTLY


def _by_rule(name, train):
    """(whether the label is real, why) from its numbers."""
    chunks = train.columns[name]
    if any(columns.is_string(chunk.type) for chunk in chunks):
        numbers, _ = columns.as_numbers(chunks)
        numbers = pa.chunked_array([pa.array(numbers.astype(np.float64))])
    else:
        numbers = pa.chunked_array([chunk.cast(pa.float64(), safe=False) for chunk in chunks])
    found = pc.value_counts(numbers)
    values, counts = (np.asarray(found.field(i)) for i in (0, 1))
    finite = np.isfinite(values)
    values, counts = values[finite], counts[finite]
    order = np.argsort(values)
    if len(values) < 2:
        return False, ""  # refused as one class
    decision = label_rule.decide(name, values[order], counts[order])
    return decision.real, decision.why


def _classes_of(dataset, name, train, numeric):
    """The names of the classes of train, numbers by size. Raises DataError."""
    column = train.strings(name)
    values = column.values[column.counts() > 0]
    values = values[~is_missing(values, words=not numeric)]
    classes = sorted({_class_name(v, numeric) for v in values.tolist()}, key=columns.number_or_word)
    if len(classes) < 2:
        raise DataError(
            f"{dataset}, split train: label {name} has "
            + (f"one class only, {classes[0]!r}" if classes else "no values")
        )
    if len(classes) > len(column) / 2 and len(classes) > _FEW:
        raise DataError(
            f"{dataset}, split train: label {name} has {len(classes):,} distinct values in "
            f"{len(column):,} rows, too many for classes; name another --label"
        )
    return tuple(classes)


def _class_name(value, numeric):
    """The class of a value; "1", "1.0" and " 1" are one class."""
    if not numeric:
        return value
    value = value.strip()
    whole = _WHOLE.fullmatch(value)
    return whole[1] if whole else value


def _example(column):
    present = column.values[~is_missing(column.values, words=False)]
    return present[0] if len(present) else ""


def _real(name, part):
    numbers, bad = columns.as_numbers(part.columns[name])
    bad = np.zeros(len(numbers), bool) if bad is None else bad
    missing = np.isnan(numbers) & ~bad
    rows = np.flatnonzero(bad | np.isinf(numbers)).tolist()
    wrong = dict.fromkeys(rows, f"label {name!r} is no finite number")
    return Labels(numbers, missing, wrong | _absent(name, missing))


def _absent(name, missing):
    return dict.fromkeys(np.flatnonzero(missing).tolist(), f"label {name!r} is missing")


def _classes(name, part, classes, numeric):
    column = part.strings(name)
    ids = {value: i for i, value in enumerate(classes)}
    absent = is_missing(column.values, words=not numeric)
    found = [ids.get(_class_name(v, numeric), -1) for v in column.values.tolist()]
    numbers = column.map(np.array(found, np.int32))
    missing = column.map(absent)
    wrong = {}
    for i in np.flatnonzero((numbers < 0) & ~missing):
        value = column.values[column.codes[i]]
        wrong[int(i)] = f"label {name!r} is {value!r}, which is no class of train"
    return Labels(numbers, missing, wrong | _absent(name, missing))
