"""Which columns are learnt from, and as what."""

import logging
import re

from tfapp.data.tables import kinds, same_columns
from tfapp.data.tables.names import columns_in_words
from tfapp.errors import DataError, UsageError
from tfapp.registry import suggest
from tfapp.spec import FeatureSpec

_LOG = logging.getLogger("tfapp")
NUMBERS = ("numeric", "boolean", kinds.CODE)  # kinds whose raw form is float32; others are strings
_EACH = 12  # columns up to which each is named with its kind
_NAMED = 20  # of the columns of one kind, otherwise


def choose_features(
    dataset,
    train,
    labels,
    *,
    features=(),
    feature_kind=(),
    weight_column="",
    group_column="",
    settled=None,
):
    """Chooses, and logs the choice.

    Args:
      dataset: what messages call the data set.
      train: the `Part` of the training split.
      labels: the label's columns, a tuple.
      features: names of columns; empty: all that can be used.
      feature_kind: COLUMN:KIND pairs; other columns' kinds are inferred.
      weight_column, group_column: columns that are no features; empty: none.
      settled: the `Settled` of a run that began with these columns; None: all is inferred.

    Returns:
      a `FeatureSpec` for each column, and column name -> kind.

    Raises:
      UsageError: one of these names no column that can be used so.
      DataError: there is nothing to learn from.
    """
    names = list(train.columns)
    if settled is not None and set(settled.kinds) <= set(names) - set(labels):
        return tuple(_spec(name, kind) for name, kind in settled.kinds.items()), settled.kinds
    forced = kinds.forced_kinds(feature_kind, names)
    special = {"weight_column": weight_column, "group_column": group_column}
    _check_special(special, names)
    apart = {*labels, *filter(None, special.values())}
    usable = [name for name in names if name not in apart]
    for name in features:
        if name not in usable:
            raise UsageError(
                f"--features={name}: no such column to learn from{suggest(name, usable)} "
                f"({columns_in_words(usable)})"
            )
    named = bool(features)  # by the user, an index included
    found = {
        n: kinds.infer(train, n, forced=forced.get(n), index=named) for n in features or usable
    }
    found |= _duplicates(train, found, {*forced, *features})
    _log(found)
    chosen = {name: kind.name for name, kind in found.items() if kind.name != kinds.IGNORED}
    for name in features:
        if name not in chosen:
            raise UsageError(
                f"--features={name}: {found[name].reason}; say what it is by "
                f"--feature_kind={name}:KIND"
            )
    if not chosen:
        label = ", ".join(map(repr, labels))
        raise DataError(f"--dataset={dataset}: no column to learn from except {label}"
                        f"{_why_none(found)}")  # fmt: skip
    return tuple(_spec(name, kind, found[name].codes) for name, kind in chosen.items()), chosen


def _duplicates(train, found, named):
    """Columns that equal another one, none of them `named` by the user: name -> `Kind`."""
    kinds_of = {name: kind.name for name, kind in found.items() if kind.name != kinds.IGNORED}
    return {
        name: kinds.Kind(kinds.IGNORED, f"equals {original}", found[name].name)
        for name, original in same_columns.find(train, kinds_of).items()
        if name not in named
    }


def _check_special(special, names):
    """Raises UsageError if a flag, name -> column, names a column that does not exist."""
    for flag, name in special.items():
        if name and name not in names:
            raise UsageError(
                f"--{flag}={name}: no such column{suggest(name, names)} ({columns_in_words(names)})"
            )


def _log(found):
    """Logs which columns are learnt from, as what; which are ignored, why, and how to change it."""
    taken = {name: kind for name, kind in found.items() if kind.name != kinds.IGNORED}
    ignored = {name: kind for name, kind in found.items() if kind.name == kinds.IGNORED}
    if taken:
        _LOG.info("columns: %s", _described(taken))
    if ignored:
        _LOG.info("columns: %s%s", _grouped(ignored), _remedy(ignored))
    _log_codes(taken)
    for name, kind in taken.items():
        if kind.instead:
            does = "leaves it out" if kind.instead == kinds.IGNORED else "takes it otherwise"
            _LOG.info("columns: %s: %s; --feature_kind=%s:%s %s",
                      _title(name), kind.reason, name, kind.instead, does)  # fmt: skip


def _log_codes(taken):
    """Logs which numbers are taken for missing values."""
    coded = {name: kind for name, kind in taken.items() if kind.codes}
    if coded:
        shown = [
            f"{_title(name)} {' and '.join(f'{code:.7g}' for code in kind.codes)} "
            f"({kind.coded:,} rows)"
            for name, kind in coded.items()
        ]
        _LOG.info(
            "columns: taken as missing: %s; --feature_kind=%s:numeric takes them as numbers",
            _some(shown), next(iter(coded)),
        )  # fmt: skip


def _described(taken):
    if len(taken) > _EACH:
        return _by(taken, lambda kind: kind.name, "{count:,} {what}: {names}")
    return ", ".join(
        f"{_title(name)} {kind.name}" + (f" ({kind.reason})" if _in_brackets(kind) else "")
        for name, kind in taken.items()
    )


def _in_brackets(kind):
    return kind.reason and not kind.instead and kind.reason != "--feature_kind"


def _grouped(ignored):
    if len(ignored) > _EACH:
        return _by(ignored, _without_counts, "{count:,} ignored ({what}): {names}")
    return ", ".join(f"{_title(name)} ignored ({kind.reason})" for name, kind in ignored.items())


def _without_counts(kind):
    return re.sub(r"\b[\d,]+ ", "", kind.reason)


def _by(found, key, form):
    """Columns grouped by `key`, some of each group by name."""
    groups = {}
    for name, kind in found.items():
        groups.setdefault(key(kind), []).append(_title(name))
    return "; ".join(
        form.format(count=len(names), what=what, names=_some(names))
        for what, names in groups.items()
    )


def _some(names):
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _remedy(ignored):
    """How a column that could be learnt from is brought back."""
    for name, kind in ignored.items():
        if kind.instead:
            return f"; --feature_kind={name}:{kind.instead} learns from it anyway"
    return ""


def _why_none(found):
    return f" (columns: {_grouped(found)}{_remedy(found)})" if found else ""


def _title(name):
    return name if name.strip() else "(no name)"


def _spec(name, kind, codes=()):
    if kind == kinds.CODE:
        return FeatureSpec(name, kind, (), "float32")
    if kind in NUMBERS:
        return FeatureSpec(name, "numeric", (), "float32", codes)
    return FeatureSpec(name, kind, (), "string")
