"""`npz:FILE`: arrays saved by numpy.savez.

The split is part of an array's name, as in `x_train` or `train_images`; without one it is train.
The label is the array that --label names, or the only one whose name usually means the label.
"""

import dataclasses
import zipfile

import numpy as np

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits import label_names, split_names
from tfapp.errors import DataError


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
        with open(path, "rb") as file:  # ours to close: numpy leaves a damaged one open
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise DataError(f"--{flag}: {path} holds one array; save several with numpy.savez")
            return dict(arrays)
    except FileNotFoundError as error:
        raise DataError(f"--{flag}: {path} does not exist") from error
    except IsADirectoryError as error:
        raise DataError(f"--{flag}: {path} is a folder, not an .npz file") from error
    except (ValueError, zipfile.BadZipFile, EOFError, OSError, KeyError) as error:
        if isinstance(error, DataError):
            raise
        reason = "holds Python objects" if "pickle" in str(error).lower() else "is unreadable"
        raise DataError(f"--{flag}: {path} {reason} as .npz ({_first_line(error)})") from error


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _find_label(where, splits):
    names = set().union(*splits.values())
    found = label_names.candidates(names)
    if len(found) != 1:
        raise DataError(
            f"{where}: cannot tell which of {sorted(names)} is the label; say --label=NAME"
        )
    return found[0]
