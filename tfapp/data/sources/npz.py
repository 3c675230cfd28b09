"""`npz:FILE`: arrays saved by numpy.savez.

The split is part of an array's name, as in `x_train` or `train_images`; without one it is train.
The label is the array that --label names, or the only one whose name usually means the label.
"""

import dataclasses

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits import label_names, split_names
from tfapp.errors import DataError
from tfapp.runtime.npz_files import BadArchive, read_arrays
from tfapp.runtime.regular_files import open_regular


def open_npz(where, *, label, task):
    """Reads the file `where` into a `Source`.

    Args:
      where: path of the file.
      label: name of the array to learn; empty: guessed.
      task: --task.

    Raises:
      DataError: the file cannot be read, or its arrays cannot be learnt from.
    """
    arrays = read_npz(where, "dataset")
    splits = {}
    for key, array in arrays.items():
        split, name = split_names.of_array_name(key)
        split = split or split_names.TRAIN
        if name in splits.setdefault(split, {}):
            raise DataError(
                f"{where}: two of its arrays are {name!r} of {split}, {key!r} is one; rename one"
            )
        splits[split][name] = array
    label = label or _find_label(where, splits)
    source = source_from_arrays(where, splits, label=label, task=task)
    return dataclasses.replace(source, files=(where,))


def read_npz(path, flag):
    """All arrays of the .npz at `path`. Raises DataError; never unpickles."""
    try:
        with open_regular(path) as file:
            return read_arrays(file)
    except FileNotFoundError as error:
        raise DataError(f"--{flag}: {path} does not exist") from error
    except IsADirectoryError as error:
        raise DataError(f"--{flag}: {path} is a folder, not an .npz file") from error
    except OSError as error:
        raise DataError(f"--{flag}: {path}: {error.strerror}") from error
    except BadArchive as error:
        raise DataError(f"--{flag}: {path} {error}") from error


def _find_label(where, splits):
    names = set().union(*splits.values())
    found = label_names.candidates(names)
    if len(found) != 1:
        raise DataError(
            f"{where}: cannot tell which of {sorted(names)} is the label; say --label=NAME"
        )
    return found[0]
