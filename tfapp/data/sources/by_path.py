"""What kind of data a path holds: --dataset=people.csv, --dataset=photos, without KIND:."""

import collections
import glob
import itertools
import os

from tfapp.data.splits import split_names
from tfapp.errors import DataError, UsageError

# Kind -> endings of its files.
_ENDINGS = {
    "csv": (".csv", ".tsv", ".csv.gz", ".tsv.gz"),
    "parquet": (".parquet", ".pq"),
    "jsonl": (".jsonl", ".ndjson"),
    "npz": (".npz",),
    "tfrecord": (".tfrecord", ".tfrecords"),
}
_IN_FOLDERS = {**_ENDINGS, "folder": (".jpg", ".jpeg", ".png", ".gif", ".bmp")}
_TEXTS = (".txt", ".text", ".md")  # which lie in folders of other data too
_SHARD = ".tfrecord-"  # NAME.tfrecord-00000-of-00002
_PREPARED = "dataset_info.json"  # in a folder that TFDS prepared
_LOOKED_AT = 5000  # files of a folder


def find_kind(dataset, kinds):
    """The kind of data at a path, or None if `dataset` is the name of a data set.

    Args:
      dataset: value of --dataset, without a kind.
      kinds: all kinds, for messages.

    Returns:
      (kind, where) as in KIND:WHERE; or None.

    Raises:
      UsageError: it is there, but may hold data of several kinds, or of none.
      DataError: there is nothing at what can only be a path.
    """
    path = os.path.expanduser(dataset)
    if os.path.isdir(path):
        return None if _is_tfds_name(dataset) else _of_folder(dataset, path, kinds)
    if ":" in dataset and not os.path.exists(path):
        return None
    kind = _of_name(path)
    if kind:
        return kind, dataset
    if os.path.isfile(path) or glob.glob(path, recursive=True):
        raise UsageError(
            f"--dataset={dataset}: its ending does not show what it holds; {_remedy(kinds)}"
        )
    if path.startswith((os.sep, "." + os.sep, ".." + os.sep)):
        raise DataError(f"--dataset={dataset}: does not exist")
    return None


def _of_name(name):
    """The kind of a file or pattern by its ending; else None."""
    name = name.lower()
    for kind, endings in _ENDINGS.items():
        if name.endswith(endings):
            return kind
    return "tfrecord" if _SHARD in os.path.basename(name) else None


def _of_folder(dataset, path, kinds):
    if os.path.isfile(os.path.join(path, _PREPARED)):
        return "tfds", dataset
    counts = collections.Counter()
    files = (name for _, _, names in os.walk(path) for name in names)
    for name in itertools.islice(files, _LOOKED_AT):
        counts.update([_in_folder(name.lower())])
    found = {kind: n for kind, n in counts.items() if kind not in ("", "text")}
    found = found or {kind: n for kind, n in counts.items() if kind}
    if not found:
        raise UsageError(f"--dataset={dataset}: holds no files of a known kind; {_remedy(kinds)}")
    if len(found) > 1:
        held = " and ".join(f"{n:,} of {kind}" for kind, n in sorted(found.items()))
        raise UsageError(
            f"--dataset={dataset}: holds files of several kinds ({held}); choose "
            + " or ".join(f"--dataset={kind}:{dataset}" for kind in sorted(found))
        )
    (kind,) = found
    if kind == "npz":
        raise UsageError(f"--dataset={dataset}: an npz is one file; name it as npz:FILE")
    if kind == "tfrecord":
        return kind, os.path.join(dataset, "**", "*.tfrecord*")
    return kind, _folder_of_classes(dataset) if kind == "folder" else dataset


def _folder_of_classes(path):
    """The folder below `path` that holds more than one folder."""
    with os.scandir(os.path.expanduser(path)) as entries:
        folders = [entry.name for entry in entries if entry.is_dir()]
    if len(folders) != 1 or split_names.of_word(folders[0]):
        return path
    return _folder_of_classes(os.path.join(path, folders[0]))


def _in_folder(name):
    """The kind of a file that lies in a folder, by its name in small letters; "" for others."""
    if name.startswith(("readme", "license", "licence", ".")):
        return ""
    for kind, endings in _IN_FOLDERS.items():
        if name.endswith(endings):
            return kind
    return "tfrecord" if _SHARD in name else "text" if name.endswith(_TEXTS) else ""


def _remedy(kinds):
    return f"write KIND:PATH, such as csv:FILE or folder:DIR (kinds: {', '.join(sorted(kinds))})"


def _is_tfds_name(dataset):
    """Whether a name that is a folder here, too, is the name of a data set of TFDS."""
    if os.path.isabs(dataset) or dataset.startswith((".", "~")):
        return False
    import tensorflow_datasets as tfds  # takes seconds to import

    return dataset.partition("/")[0] in tfds.list_builders(with_community_datasets=False)
