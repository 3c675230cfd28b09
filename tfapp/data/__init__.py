"""Data sources by name. `open_source` is the one way in."""

from tfapp.data.splits.holdout import with_all_splits
from tfapp.errors import UsageError
from tfapp.registry import Registry, is_object_path, load_object, suggest

# What stands before the colon of --dataset=KIND:WHERE -> who reads WHERE.
KINDS = {
    "csv": "tfapp.data.sources.table:open_csv",
    "jsonl": "tfapp.data.sources.table:open_jsonl",
    "folder": "tfapp.data.sources.folder:open_source",
    "npz": "tfapp.data.sources.npz:open_source",
    "synthetic": "tfapp.data.sources.synthetic:open_source",
    "parquet": "tfapp.data.sources.table:open_parquet",
    "text": "tfapp.data.sources.text:open_source",
    "tfds": "tfapp.data.sources.tfds:open_source",
    "tfrecord": "tfapp.data.sources.tfrecord:open_source",
}
_TABLES = ("csv", "parquet", "jsonl")
# Flags that only some kinds of data can follow.
_ONLY_FOR = {
    "features": (*_TABLES, "tfrecord"),
    "feature_kind": _TABLES,
    "weight_column": _TABLES,
    "group_column": _TABLES,
}
# Names without a colon; any other is looked up in TFDS.
DATASETS = Registry("dataset", {"digits": "tfapp.data.sources.digits:Digits"})


def open_source(config):
    """Returns the `Source` that --dataset names, with train, validation and test.

    Raises:
      UsageError: unknown name or kind.
      DataError: it is there but cannot be used.
    """
    source = _open(config)
    return with_all_splits(source, fraction=config.validation_split, seed=config.seed)


def _open(config):
    name = config.dataset
    kind, colon, where = name.partition(":")
    for flag, kinds in _ONLY_FOR.items():
        if getattr(config, flag) and kind not in kinds:
            raise UsageError(f"--{flag}: --dataset={name} has no columns; {', '.join(kinds)} have")
    if kind in KINDS and colon:
        if not where:
            raise UsageError(f"--dataset={name}: say what to read, as {kind}:WHERE")
        return load_object(KINDS[kind], "dataset")(where, config)
    if is_object_path(name) or (name in DATASETS.names() and name != "digits"):
        from tfapp.data.sources import custom

        return custom.open_source(DATASETS.get(name), config)
    if colon:
        raise UsageError(
            f"--dataset={name}: unknown kind {kind!r}{suggest(kind, KINDS)} "
            f"(known: {', '.join(sorted(KINDS))}, or your own as package.module:name)"
        )
    from tfapp.data.sources import tfds

    return tfds.open_source(name, config)
