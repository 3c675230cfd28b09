"""Data sources by name. `open_source` is the one way in."""

import dataclasses
import logging

from tfapp.data.sources import by_path
from tfapp.errors import UsageError
from tfapp.given import Given, check_kept
from tfapp.registry import Registry, is_object_path, load_object, suggest
from tfapp.spec import DIGITS

_LOG = logging.getLogger("tfapp")


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of data: KIND in --dataset=KIND:WHERE."""

    opener: str  # package.module:function, of WHERE and, by name, of what it takes
    takes: tuple[str, ...]  # arguments of `open_source` that the opener needs

    def open(self, where, values):
        """The `Source` at `where`; `values` are all arguments of `open_source`."""
        opener = load_object(self.opener, "dataset")
        return opener(where, **{name: values[name] for name in self.takes})


AUTO = "auto"
# What only data with named columns or fields can follow.
_COLUMNS = (
    "features", "feature_kind", "weight_column", "group_column", "drop_missing_labels"
)  # fmt: skip
_TABLE = ("dataset", "label", "task", *_COLUMNS, "max_bad_examples", "settled")
# What only CSV can follow.
_CSV = (
    "csv_delimiter", "csv_encoding", "csv_quote", "csv_decimal", "csv_header", "missing_values",
)  # fmt: skip
KINDS = {
    "csv": Kind("tfapp.data.sources.table:open_csv", (*_TABLE, *_CSV)),
    "parquet": Kind("tfapp.data.sources.table:open_parquet", _TABLE),
    "jsonl": Kind("tfapp.data.sources.table:open_jsonl", _TABLE),
    "folder": Kind(
        "tfapp.data.sources.folder:open_folder", ("label", "image_size", "max_bad_examples")
    ),
    "npz": Kind("tfapp.data.sources.npz:open_npz", ("label", "task")),
    "synthetic": Kind("tfapp.data.sources.synthetic:open_synthetic", ("task",)),
    "text": Kind("tfapp.data.sources.text:open_text", ("dataset", "validation_split")),
    "tfds": Kind(
        "tfapp.data.sources.tfds:open_tfds",
        ("dataset", "label", "task", "image_size", "max_bad_examples", "data_dir", "manual_dir",
         "offline"),
    ),
    "tfrecord": Kind(
        "tfapp.data.sources.tfrecord:open_tfrecord",
        ("label", "task", "features", "image_size", "max_bad_examples"),
    ),
}  # fmt: skip
_GIVEN = Kind(
    "tfapp.data.sources.in_memory:open_given",
    ("label", "task", *_COLUMNS, "max_bad_examples", "settled"),
)
_OBJECT = Kind("tfapp.data.sources.custom:open_object", ("dataset", "label", "task"))
# Names without a colon; any other is looked up in TFDS.
DATASETS = Registry("dataset", {DIGITS: "tfapp.data.sources.digits:Digits"})


def open_source(
    dataset,
    *,
    label="",
    task="auto",
    features=(),
    feature_kind=(),
    weight_column="",
    group_column="",
    drop_missing_labels=False,
    max_bad_examples="0",
    csv_delimiter=AUTO,
    csv_encoding=AUTO,
    csv_quote=AUTO,
    csv_decimal=AUTO,
    csv_header=AUTO,
    missing_values=(),
    image_size="",
    validation_split=0.1,
    data_dir="",
    manual_dir="",
    offline=False,
    settled=None,
):
    """Opens a data set.

    The arguments are the flags of the same names, but for `settled`: the `Settled` of a run that
    began with this data or data like it, whose decisions are kept; or None. `dataset` may be a
    `Given`. Splits that the data set lacks are missing in the result; `holdout.with_all_splits`
    adds them.

    Returns:
      a `Source` with at least the split train, not yet encoded.

    Raises:
      UsageError: unknown name or kind, or a flag that this data cannot follow.
      DataError: the data set exists but cannot be used.
    """
    if settled is not None and task == AUTO:
        task = settled.task
    values = dict(locals())  # the arguments by name
    if isinstance(dataset, Given):
        return _GIVEN.open(dataset, values)
    check_kept(dataset, "dataset")
    kind, colon, where = dataset.partition(":")
    known = kind in KINDS and colon
    registered = is_object_path(dataset) or dataset in DATASETS.names()
    found = None if known or registered else by_path.find_kind(dataset, KINDS)
    if found:
        (kind, where), known = found, True
        _LOG.info("data: %s is read as %s:%s", dataset, kind, where)
    _check_columns(dataset, kind, values)
    if known:
        if not where:
            raise UsageError(f"--dataset={dataset}: say what to read, as {kind}:WHERE")
        return KINDS[kind].open(where, values)
    if registered and dataset != DIGITS:
        return _OBJECT.open(DATASETS.get(dataset), values)
    if colon:
        raise UsageError(
            f"--dataset={dataset}: unknown kind {kind!r}{suggest(kind, KINDS)} "
            f"(known: {', '.join(sorted(KINDS))}, or your own as package.module:name)"
        )
    return KINDS["tfds"].open(dataset, values)


def snapshot(dataset, label):
    """`dataset` as it is now, if it is a `Given`, with a hash in its name; other names as they are.

    Args:
      label: --label.

    Raises:
      DataError: it cannot be read.
    """
    if not isinstance(dataset, Given):
        return dataset
    from tfapp.data.sources import in_memory

    return in_memory.snapshot(dataset, label)


def _check_columns(dataset, kind, values):
    """Raises UsageError for a flag about columns that data of this kind does not have."""
    for flag in _COLUMNS:
        able = [name for name, other in KINDS.items() if flag in other.takes]
        if values[flag] and kind not in able:
            raise UsageError(
                f"--{flag}: --dataset={dataset} has no columns; {', '.join(able)} have"
            )
    for flag in _CSV:
        if values[flag] not in (AUTO, ()) and kind != "csv":
            raise UsageError(f"--{flag}: --dataset={dataset} is no CSV")
