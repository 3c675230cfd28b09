"""`npz:FILE`: arrays saved by numpy.savez.

Names tell what they are: `x_train` or `train_images` belong to the split train, plain `x` to a file
without splits; `y`, `label`, `labels`, `target` and `targets` are the label unless --label says.
"""

import re
import zipfile

import numpy as np

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.errors import DataError

_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS.update(dict.fromkeys(("val", "valid", "validation", "dev"), "validation"))
_LABELS = ("label", "labels", "y", "target", "targets")
_WORDS = "|".join(sorted(_SPLITS, key=len, reverse=True))
_PREFIX = re.compile(rf"({_WORDS})_(.+)")
_SUFFIX = re.compile(rf"(.+)_({_WORDS})")


def open_source(where, config):
    """Reads the file `where` into a Source. Raises DataError."""
    arrays = read_npz(where, "dataset")
    splits = {}
    for key, array in arrays.items():
        split, name = _split_and_name(key)
        splits.setdefault(split, {})[name] = array
    label = config.label or _find_label(where, splits)
    return source_from_arrays(where, splits, label=label, task=config.task)


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


def _split_and_name(key):
    for pattern, split, name in ((_PREFIX, 1, 2), (_SUFFIX, 2, 1)):
        match = pattern.fullmatch(key)
        if match:
            return _SPLITS[match.group(split)], match.group(name)
    return "train", key


def _find_label(where, splits):
    names = set().union(*splits.values())
    found = [name for name in _LABELS if name in names]
    if len(found) != 1:
        raise DataError(
            f"{where}: cannot tell which of {sorted(names)} is the label; say --label=NAME"
        )
    return found[0]
