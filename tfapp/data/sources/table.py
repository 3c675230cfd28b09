"""`csv:`, `parquet:` and `jsonl:`: from the files of a table to a `Source` of raw columns."""

import dataclasses
import functools
import logging

import numpy as np

from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables import date_columns, label_sets
from tfapp.data.tables.columns import as_numbers, is_flat
from tfapp.data.tables.dialect import Wanted
from tfapp.data.tables.features import NUMBERS, choose_features
from tfapp.data.tables.files import find_files
from tfapp.data.tables.label_columns import make_columns
from tfapp.data.tables.labels import find_label, is_words, make_label
from tfapp.data.tables.names import columns_of
from tfapp.data.tables.part import read_parts
from tfapp.data.tables.read_csv import CsvReader
from tfapp.data.tables.read_jsonl import JsonlReader
from tfapp.data.tables.read_parquet import ParquetReader
from tfapp.data.tables.unlabelled import Unlabelled
from tfapp.errors import DataError
from tfapp.runtime.threads import by_name
from tfapp.spec import KIND_OF_TASK, SAMPLE_WEIGHT, DataSpec

_LOG = logging.getLogger("tfapp")


def open_table(
    where,
    *,
    reader,
    dataset,
    label,
    task,
    features,
    feature_kind,
    weight_column,
    group_column,
    max_bad_examples,
    drop_missing_labels,
    settled,
):
    """Reads the table at `where`, chooses features and label, and checks every row.

    Args:
      where: see `find_files`; or what it returns.
      reader: a `TableReader`.
      dataset: what messages call the data set.
      label: the label's column; empty: guessed.
      task: --task.
      features, feature_kind: see `choose_features`.
      weight_column: of the examples' weights; empty: none.
      group_column: whose values stay in one split; empty: none.
      max_bad_examples: see `BadExamples`.
      drop_missing_labels: whether rows without a label are left out rather than bad.
      settled: the `Settled` of the run that continues, or None.

    Raises:
      UsageError: a flag names no column that can be used so.
      DataError: the files cannot be read, or a row cannot be used.
    """
    bad = BadExamples(max_bad_examples)
    files = where if isinstance(where, dict) else find_files(dataset, where, reader.ENDINGS)
    parts = read_parts(files, reader)
    train = parts[TRAIN]
    bad.set_total(sum(part.num_rows + len(part.malformed) for part in parts.values()))
    for part in parts.values():
        for row, reason in part.malformed.items():
            bad.skip(row, reason)
    label = find_label(dataset, label, list(train.columns))
    labels_of = columns_of(label, train.columns)
    sets = len(labels_of) == 1 and label_sets.holds_lists(train, label)
    _check_flat(parts, (*(() if sets else labels_of), weight_column, group_column))
    specs, kinds = choose_features(
        dataset,
        train,
        labels_of,
        features=features,
        feature_kind=feature_kind,
        weight_column=weight_column,
        group_column=group_column,
        settled=settled,
    )
    _check_columns(parts, (*kinds, *labels_of))
    _check_flat(parts, kinds)
    label_spec, encode = _label(dataset, label, train, task)
    label = label_spec.name
    labels = {split: encode(part) for split, part in parts.items()}
    unlabelled = Unlabelled(label, labels, drop=drop_missing_labels)
    splits = {}
    for split, part in parts.items():
        columns = _columns(part, kinds, weight_column)
        columns[label] = (labels[split].values, labels[split].wrong)
        _log_unreadable(split, part, kinds)
        splits[split] = _split(part, columns, group_column, bad, unlabelled.of(split))
        part.release()
    _scale_weights(splits)
    _check_groups(group_column, splits)
    paths = tuple(str(path) for part in parts.values() for path in part.paths)
    return Source(DataSpec(dataset, specs, label_spec), splits, bad, files=paths)


def _label(dataset, label, train, task):
    """(`LabelSpec`, function of a `Part` that returns its `Labels`) of one or several columns."""
    names, kind = columns_of(label, train.columns), KIND_OF_TASK.get(task, "")
    if len(names) > 1:
        return make_columns(dataset, names, train, task)
    if label_sets.holds_lists(train, label):
        if kind not in ("", "multi_label"):
            raise DataError(
                f"--task={task}: label {label} of {dataset} holds lists, which --task=multi_label "
                "takes"
            )
        return label_sets.make_sets(dataset, label, train, None)
    if kind == "multi_label" or (not kind and is_words(train, label)):
        separator = _separator(dataset, label, train, forced=bool(kind))
        if separator is not None:
            return label_sets.make_sets(dataset, label, train, separator)
    return make_label(dataset, label, train, task)


def _separator(dataset, label, train, *, forced):
    if forced and not is_words(train, label):
        raise DataError(
            f"--task=multi_label: label {label} of {dataset} holds numbers; lists, words such as "
            "a|b, or several columns (--label=a,b,c) are needed"
        )
    return label_sets.separator_of(train, label, forced=forced)


def open_csv(
    where,
    *,
    dataset,
    csv_delimiter,
    csv_encoding,
    csv_quote,
    csv_decimal,
    csv_header,
    missing_values,
    label,
    task,
    features,
    feature_kind,
    weight_column,
    group_column,
    max_bad_examples,
    drop_missing_labels,
    settled,
):
    """`open_table` for CSV. --csv_* and --missing_values: see `Wanted`.

    Raises:
      UsageError, DataError: as `open_table`.
    """
    wanted = Wanted(
        csv_delimiter, csv_encoding, csv_quote, csv_decimal, csv_header, tuple(missing_values)
    )
    reader = CsvReader(wanted)
    source = open_table(
        where,
        reader=reader,
        dataset=dataset,
        label=label,
        task=task,
        features=features,
        feature_kind=feature_kind,
        weight_column=weight_column,
        group_column=group_column,
        max_bad_examples=max_bad_examples,
        drop_missing_labels=drop_missing_labels,
        settled=settled,
    )
    return dataclasses.replace(source, reading=reader.reading(source.spec.label.name).to_json())


open_parquet = functools.partial(open_table, reader=ParquetReader())
open_jsonl = functools.partial(open_table, reader=JsonlReader())


def _check_columns(parts, names):
    """Raises DataError if a split lacks a column of train."""
    for part in parts.values():
        for name in names:
            if name not in part.columns:
                raise DataError(f"{part.paths[0]}: has no column {name!r}, whereas train has")


def _check_flat(parts, names):
    """Raises DataError if a column of `names` holds anything but a number, date or text a row."""
    for part in parts.values():
        for name in names:
            for chunk in part.columns.get(name, ()):
                if not is_flat(chunk.type):
                    raise DataError(
                        f"{part.paths[0]}: column {name!r} holds values of type "
                        f"{str(chunk.type)[:60]}; a number, date or text a row is needed"
                    )


def _columns(part, kinds, weight_column):
    """name -> (raw column, row that cannot be used -> reason) of features and weights."""

    def read(name, kind):
        return _numbers(part, name) if kind in NUMBERS else (part.strings(name), {})

    columns = by_name(read, kinds)
    if weight_column and weight_column in part.columns:
        columns[SAMPLE_WEIGHT] = _weights(part, weight_column)
    return columns


def _split(part, columns, group_column, bad, unlabelled):
    """The `ArraySplit` of a part.

    Without the rows that are dropped, and without its bad rows if the budget allows that many.
    """
    arrays = {name: values for name, (values, _) in columns.items()}
    wrong = {row: why for _, rows in columns.values() for row, why in rows.items()}
    grouped = group_column and group_column in part.columns
    groups = part.strings(group_column) if grouped else None
    dropped = unlabelled.dropped(wrong)
    for row in sorted(wrong.keys() - dropped):
        bad.skip(part.name_of(row), wrong[row], unlabelled.remedy(row))
    split = ArraySplit(arrays, groups=groups, name_of=part.name_of)
    if not wrong:
        return split
    if len(wrong) == part.num_rows:
        raise DataError(f"{part.paths[0]}: no row can be used")
    return split.subset(np.setdiff1d(np.arange(part.num_rows), list(wrong)))


def _log_unreadable(split, part, kinds):
    """Logs how many values of columns of dates are none."""
    for name, kind in kinds.items():
        if kind not in date_columns.DATES:
            continue
        rows, value = date_columns.unreadable(part, name, kind)
        if rows:
            _LOG.info("data: %s of %s: %d of %d values are no dates, such as %r: taken as missing",
                      name, split, rows, part.num_rows, value)  # fmt: skip


def _numbers(part, name):
    """float32 [n] with NaN for missing; and row -> reason of values that are not numbers."""
    numbers, broken = as_numbers(part.columns[name])
    infinite = {
        int(row): f"{name!r} is infinite, or too large" for row in np.flatnonzero(np.isinf(numbers))
    }
    if broken is None:
        return numbers, infinite
    strings = part.strings(name)
    values = strings.values[strings.codes[broken]]
    rows = np.flatnonzero(broken).tolist()
    return numbers, infinite | {
        r: f"{name!r} is {v!r}, not a number" for r, v in zip(rows, values, strict=True)
    }


def _weights(part, name):
    """Like `_numbers`, but missing and negative values are wrong too."""
    weights, wrong = _numbers(part, name)
    for row in np.flatnonzero(~(np.isfinite(weights) & (weights >= 0))):
        wrong[int(row)] = f"weight {name!r} is missing or below 0"
    return weights, wrong


def _scale_weights(splits):
    """Scales weights to a mean of 1 in train, so that they do not change the learning rate."""
    train = splits[TRAIN].arrays().get(SAMPLE_WEIGHT)
    if train is None:
        return
    mean = train.mean(dtype=np.float64)
    if not mean > 0:
        raise DataError("--weight_column: all weights of train are 0")
    for split in splits.values():
        arrays = split.arrays()
        if SAMPLE_WEIGHT in arrays:
            arrays[SAMPLE_WEIGHT] = (arrays[SAMPLE_WEIGHT] / mean).astype(np.float32)


def _check_groups(group_column, splits):
    """Raises DataError if a group has examples in two of the given splits."""
    seen = {}
    for name, split in splits.items():
        if split.groups is None:
            continue
        for group in split.groups.values[split.groups.counts() > 0].tolist():
            if seen.setdefault(group, name) != name:
                raise DataError(
                    f"--group_column={group_column}: group {group!r} is in {seen[group]} "
                    f"and in {name}"
                )
