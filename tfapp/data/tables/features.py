"""Which columns are learnt from, and as what."""

import logging

from tfapp.data.tables import kinds
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest
from tfapp.spec import FeatureSpec

_LOG = logging.getLogger("tfapp")
NUMBERS = ("numeric", "boolean")  # kinds whose raw form is float32; others are strings


def choose_features(
    dataset, train, label, *, features=(), feature_kind=(), weight_column="", group_column=""
):
    """Chooses, and logs the choice.

    Args:
      dataset: what messages call the data set.
      train: the `Part` of the training split.
      label: the label's column.
      features: names of columns; empty: all that can be used.
      feature_kind: COLUMN:KIND pairs; other columns' kinds are inferred.
      weight_column, group_column: columns that are no features; empty: none.

    Returns:
      a `FeatureSpec` for each column, and column name -> kind.

    Raises:
      UsageError: one of these names no column that can be used so.
      DataError: there is nothing to learn from.
    """
    names = list(train.columns)
    forced = kinds.forced_kinds(feature_kind, names)
    special = {"weight_column": weight_column, "group_column": group_column}
    _check_special(special, names)
    apart = {label, *filter(None, special.values())}
    usable = [name for name in names if name not in apart]
    for name in features:
        if name not in usable:
            raise UsageError(
                f"--features={name}: no such column to learn from{suggest(name, usable)} "
                f"(columns: {', '.join(usable)})"
            )
    found = {n: forced.get(n) or kinds.infer(train, n) for n in features or usable}
    _LOG.info("columns: %s", ", ".join(map(_described, found, found.values())))
    chosen = {name: kind.name for name, kind in found.items() if kind.name != kinds.IGNORED}
    for name in features:
        if name not in chosen:
            raise UsageError(
                f"--features={name}: {found[name].reason}; say what it is by "
                f"--feature_kind={name}:KIND"
            )
    if not chosen:
        raise DataError(f"--dataset={dataset}: no column to learn from except {label!r}")
    return tuple(_spec(name, kind) for name, kind in chosen.items()), chosen


def _check_special(special, names):
    """Raises UsageError if a flag, name -> column, names a column that does not exist."""
    for flag, name in special.items():
        if name and name not in names:
            raise UsageError(
                f"--{flag}={name}: no such column{suggest(name, names)} "
                f"(columns: {', '.join(names)})"
            )


def _described(name, kind):
    return f"{name} {kind.name}" + (f" ({kind.reason})" if kind.name == kinds.IGNORED else "")


def _spec(name, kind):
    if kind in NUMBERS:
        return FeatureSpec(name, "numeric", (), "float32")
    return FeatureSpec(name, kind, (), "string")
