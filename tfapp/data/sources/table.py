"""From the files of a table to a Source: kinds and label decided, rows checked, columns raw."""

import numpy as np

from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.source import ArraySplit, Source
from tfapp.data.tables import read_csv, read_jsonl, read_parquet
from tfapp.data.tables.columns import as_numbers
from tfapp.data.tables.features import NUMBERS, choose_features
from tfapp.data.tables.files import find_files
from tfapp.data.tables.labels import find_label, make_label
from tfapp.data.tables.part import Part
from tfapp.errors import DataError
from tfapp.runtime.threads import by_name
from tfapp.spec import SAMPLE_WEIGHT, DataSpec


def open_csv(where, config):
    """`csv:WHERE`. Raises UsageError, DataError."""
    return _open(where, config, read_csv)


def open_parquet(where, config):
    """`parquet:WHERE`. Raises UsageError, DataError."""
    return _open(where, config, read_parquet)


def open_jsonl(where, config):
    """`jsonl:WHERE`. Raises UsageError, DataError."""
    return _open(where, config, read_jsonl)


def _open(where, config, reader):
    bad = BadExamples(config.max_bad_examples)
    files = find_files(config.dataset, where, reader.ENDINGS)
    parts = {split: Part(paths, reader) for split, paths in files.items()}
    train = parts["train"]
    bad.set_total(sum(part.num_rows + len(part.malformed) for part in parts.values()))
    for part in parts.values():
        for row, reason in part.malformed.items():
            bad.skip(row, reason)
    label = find_label(config.dataset, config.label, list(train.columns))
    features, kinds = choose_features(config, train, label)
    for part in parts.values():
        for name in (*kinds, label):
            if name not in part.columns:
                raise DataError(f"{part.paths[0]}: has no column {name!r}, whereas train has")
    label_spec, encode = make_label(config.dataset, label, train, config.task)
    splits = {n: _split(config, p, kinds, label, encode, bad) for n, p in parts.items()}
    for part in parts.values():
        part.release()
    _scale_weights(splits)
    _check_groups(config, splits)
    return Source(DataSpec(config.dataset, features, label_spec), splits, bad_examples=bad)


def _split(config, part, kinds, label, encode, bad):
    """The `ArraySplit` of a part, its bad rows left out as far as the budget goes."""

    def read(name, kind):
        return _numbers(part, name) if kind in NUMBERS else (part.strings(name), {})

    columns = by_name(read, kinds)
    columns[label] = encode(part)
    if config.weight_column in part.columns:
        columns[SAMPLE_WEIGHT] = _weights(part, config.weight_column)
    arrays = {name: values for name, (values, _) in columns.items()}
    wrong = {row: why for _, rows in columns.values() for row, why in rows.items()}
    groups = part.strings(config.group_column) if config.group_column in part.columns else None
    for row in sorted(wrong):
        bad.skip(part.name_of(row), wrong[row])
    split = ArraySplit(arrays, groups=groups, name_of=part.name_of)
    if not wrong:
        return split
    if len(wrong) == part.num_rows:
        raise DataError(f"{part.paths[0]}: no row can be used")
    return split.subset(np.setdiff1d(np.arange(part.num_rows), list(wrong)))


def _numbers(part, name):
    """float32 [n] with NaN for missing; and row -> reason of values that are no numbers."""
    numbers, broken = as_numbers(part.columns[name])
    if broken is None:
        return numbers, {}
    strings = part.strings(name)
    values = strings.values[strings.codes[broken]]
    rows = np.flatnonzero(broken).tolist()
    return numbers, {r: f"{name!r} is {v!r}, no number" for r, v in zip(rows, values, strict=True)}


def _weights(part, name):
    """As `_numbers`; missing and negative ones are wrong too."""
    weights, wrong = _numbers(part, name)
    for row in np.flatnonzero(~(np.isfinite(weights) & (weights >= 0))):
        wrong[int(row)] = f"weight {name!r} is missing or below 0"
    return weights, wrong


def _scale_weights(splits):
    """Weights with mean 1 in train, so that the learning rate means what it means without."""
    train = splits["train"].arrays().get(SAMPLE_WEIGHT)
    if train is None:
        return
    mean = train.mean(dtype=np.float64)
    if not mean > 0:
        raise DataError("--weight_column: all weights of train are 0")
    for split in splits.values():
        arrays = split.arrays()
        if SAMPLE_WEIGHT in arrays:
            arrays[SAMPLE_WEIGHT] = (arrays[SAMPLE_WEIGHT] / mean).astype(np.float32)


def _check_groups(config, splits):
    """Raises DataError if a group has examples in two splits that were given."""
    seen = {}
    for name, split in splits.items():
        if split.groups is None:
            continue
        for group in split.groups.values[split.groups.counts() > 0].tolist():
            if seen.setdefault(group, name) != name:
                raise DataError(
                    f"--group_column={config.group_column}: group {group!r} is in {seen[group]} "
                    f"and in {name}"
                )
