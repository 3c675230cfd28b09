"""Which files a data set consists of, and which split each belongs to by its name."""

import functools
import glob
import os
import pathlib

from tfapp.data.splits import split_names
from tfapp.data.splits.split_names import SPLITS, TRAIN
from tfapp.errors import DataError
from tfapp.runtime.regular_files import check_regular


def find_files(dataset, where, endings):
    """Finds the files of `where`, a file, a folder or a pattern such as data/part-*.csv.

    Args:
      dataset: what messages call the data set.
      where: a path, or a pattern of `glob`.
      endings: of the files to take from a folder.

    Returns:
      split -> sorted paths, if files are named after splits, as in adult_train.csv or
      train/part-0.parquet; else {"train": all of them}.

    Raises:
      DataError: there is none, or only some of them are named after a split.
    """
    paths = _matching(dataset, where, endings)
    root = os.path.commonpath([p.parent for p in paths])
    splits = [_split_of(path, root) for path in paths] if len(paths) > 1 else [None]
    if not any(splits):
        return {TRAIN: paths}
    if not all(splits):
        unclear = paths[splits.index(None)]
        raise DataError(
            f"--dataset={dataset}: {unclear} does not say its split, whereas other files do; name "
            "it after train, validation or test, or leave it out of the pattern"
        )
    if TRAIN not in splits:
        raise DataError(f"--dataset={dataset}: no file of the split train ({paths[0]}, ...)")
    names = sorted(set(splits), key=SPLITS.index)
    return {n: [p for p, s in zip(paths, splits, strict=True) if s == n] for n in names}


def _matching(dataset, where, endings):
    """Sorted paths of the files that `where` names. Raises DataError."""
    pattern = os.path.expanduser(where)
    if os.path.isdir(pattern):
        found = [p for p in pathlib.Path(pattern).rglob("*") if p.name.endswith(endings)]
        paths = regular_files(dataset, found)
        if not paths:
            raise DataError(f"--dataset={dataset}: {where} holds no {' or '.join(endings)} files")
        return [pathlib.Path(p) for p in paths]
    exact = [pattern] if os.path.exists(pattern) else glob.glob(pattern, recursive=True)
    paths = regular_files(dataset, exact)
    if not paths:
        raise DataError(f"--dataset={dataset}: {where} does not exist")
    return [pathlib.Path(p) for p in paths]


def regular_files(dataset, paths):
    """The files among `paths`, sorted, without folders and what a loop of links leads to again.

    Raises:
      DataError: one is a pipe, socket or device, which could be waited for forever.
    """
    in_a_loop = functools.cache(_in_a_loop)
    found = []
    for path in sorted(paths):
        if os.path.isdir(path) or not os.path.exists(path) or in_a_loop(os.path.dirname(path)):
            continue
        try:
            check_regular(path)
        except OSError as error:
            raise DataError(f"--dataset={dataset}: {path} {error.strerror}") from error
        found.append(path)
    return found


def _in_a_loop(folder):
    """Whether a link within the path of `folder` leads back to where it comes from."""
    parents = [folder, *pathlib.Path(folder).parents]
    if ".." in pathlib.Path(folder).parts:
        return False  # which leads back as well
    return len({os.path.realpath(parent) for parent in parents}) < len(parents)


def _split_of(path, root):
    """The split of the file's own name, or else of a folder between `root` and it; else None."""
    for part in reversed(path.relative_to(root).parts):
        found = split_names.in_file_name(part)
        if len(found) == 1:
            return found[0]
    return None
