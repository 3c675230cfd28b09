"""Which columns are learnt from, and as what."""

import logging

from tfapp.data.tables import kinds
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest
from tfapp.spec import FeatureSpec

_LOG = logging.getLogger("tfapp")
NUMBERS = ("numeric", "boolean")  # kinds whose raw form is float32; others are strings


def choose_features(config, train, label):
    """Decides, and says in the log.

    Args:
      config: a `Config`.
      train: the `Part` of the training split.
      label: the label's column.

    Returns:
      a `FeatureSpec` for each column, and column name -> kind.

    Raises:
      UsageError: --features, --feature_kind, --weight_column or --group_column cannot be followed.
      DataError: there is nothing to learn from.
    """
    names = list(train.columns)
    forced = kinds.forced_kinds(config.feature_kind, names)
    apart = {label, *_special(config, names)}
    usable = [name for name in names if name not in apart]
    for name in config.features:
        if name not in usable:
            raise UsageError(
                f"--features={name}: no such column to learn from{suggest(name, usable)} "
                f"(columns: {', '.join(usable)})"
            )
    found = {n: forced.get(n) or kinds.infer(train, n) for n in config.features or usable}
    _LOG.info("columns: %s", ", ".join(map(_told, found, found.values())))
    chosen = {name: kind.name for name, kind in found.items() if kind.name != kinds.IGNORED}
    for name in config.features:
        if name not in chosen:
            raise UsageError(
                f"--features={name}: {found[name].reason}; say what it is by "
                f"--feature_kind={name}:KIND"
            )
    if not chosen:
        raise DataError(f"--dataset={config.dataset}: no column to learn from besides {label!r}")
    return tuple(_spec(name, kind) for name, kind in chosen.items()), chosen


def _told(name, kind):
    return f"{name} {kind.name}" + (f" ({kind.reason})" if kind.name == kinds.IGNORED else "")


def _spec(name, kind):
    if kind in NUMBERS:
        return FeatureSpec(name, "numeric", (), "float32")
    return FeatureSpec(name, kind, (), "string")


def _special(config, names):
    """The columns of weights and groups."""
    for flag in ("weight_column", "group_column"):
        name = getattr(config, flag)
        if name and name not in names:
            raise UsageError(
                f"--{flag}={name}: no such column{suggest(name, names)} "
                f"(columns: {', '.join(names)})"
            )
    return [name for name in (config.weight_column, config.group_column) if name]
