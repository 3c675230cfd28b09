"""Which files a table consists of, and which split each belongs to by its name."""

import glob
import os
import pathlib
import re

from tfapp.errors import DataError

_SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
}  # fmt: skip


def find_files(dataset, where, endings):
    """Finds the files of `where`, a file, a folder or a pattern such as data/part-*.csv.

    Returns:
      split -> sorted paths, where some of the names say train, test or validation, as in
      adult_train.csv or train/part-0.parquet; else {"train": all of them}.

    Raises:
      DataError: there is none, or only some of the names say their split.
    """
    pattern = os.path.expanduser(where)
    if os.path.isdir(pattern):
        paths = [p for p in pathlib.Path(pattern).rglob("*") if p.name.endswith(endings)]
        if not paths:
            raise DataError(f"--dataset={dataset}: {where} holds no {' or '.join(endings)} files")
    else:
        exact = [pattern] if os.path.exists(pattern) else glob.glob(pattern, recursive=True)
        paths = [pathlib.Path(p) for p in exact if os.path.isfile(p)]
        if not paths:
            raise DataError(f"--dataset={dataset}: {where} does not exist")
    paths = sorted(paths)
    root = os.path.commonpath([p.parent for p in paths])
    splits = [_split_of(path, root) for path in paths] if len(paths) > 1 else [None]
    if not any(splits):
        return {"train": paths}
    if not all(splits):
        unclear = paths[splits.index(None)]
        raise DataError(
            f"--dataset={dataset}: {unclear} does not say its split, whereas other files do; name "
            "it after train, validation or test, or leave it out of the pattern"
        )
    if "train" not in splits:
        raise DataError(f"--dataset={dataset}: no file of the split train ({paths[0]}, ...)")
    names = sorted(set(splits), key=("train", "validation", "test").index)
    return {n: [p for p, s in zip(paths, splits, strict=True) if s == n] for n in names}


def _split_of(path, root):
    """The split that the name says, or a folder's between `root` and it; else None."""
    for part in reversed(path.relative_to(root).parts):
        words = re.split(r"[^a-z]+", part.lower())
        found = {_SPLITS[word] for word in words if word in _SPLITS}
        if len(found) == 1:
            return found.pop()
    return None
