"""`folder:DIR`: images in one folder a class, or such folders in train/, validation/ and test/."""

import logging
import os

import numpy as np

from tfapp.data.images.folder_index import build_index, is_folder
from tfapp.data.images.reader import ImageReader
from tfapp.data.images.size import choose_size
from tfapp.data.splits import split_names
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.data.splits.example_loader import ExampleLoader
from tfapp.data.splits.file_split import FileSplit
from tfapp.data.splits.label_names import LABEL
from tfapp.data.splits.source import Source
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import DataError
from tfapp.runtime.file_names import shown
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

_LOG = logging.getLogger("tfapp")
_ENDINGS = (b".jpg", b".jpeg", b".png", b".gif", b".bmp")


def open_folder(where, *, label, image_size, max_bad_examples):
    """Lists the images below `where`; only a few headers are read.

    Args:
      where: path of the folder.
      label: name of the label; empty: "label".
      image_size: see `choose_size`.
      max_bad_examples: see `BadExamples`.

    Raises:
      DataError: no such folder, no classes, or a class without images.
    """
    folder = os.path.expanduser(where)
    roots = _roots(folder)
    indexes = {split: _index(root) for split, root in roots.items()}
    classes = _classes(folder, roots, indexes)
    bad = BadExamples(max_bad_examples)
    bad.set_total(sum(map(len, indexes.values())))
    size, channels = choose_size(
        image_size,
        len(indexes[TRAIN]),
        lambda row: os.path.join(roots[TRAIN], indexes[TRAIN].path(row)),
    )
    numbers = {name: i for i, name in enumerate(classes)}
    spec = LabelSpec(label or LABEL, "class", len(classes), _shown(folder, classes))
    splits = {}
    for split, index in indexes.items():
        ids = np.array([numbers.get(top, -1) for top in index.tops], np.int32)
        reader = ImageReader(roots[split], index, size=size, channels=channels)
        loader = ExampleLoader(reader, label=spec.name, bad_examples=bad)
        splits[split] = FileSplit(loader, np.arange(len(index)), ids[index.top_ids])
    image = FeatureSpec("image", "image", (*size, channels), "uint8")
    return Source(DataSpec(os.path.normpath(folder), (image,), spec), splits, bad)


def _roots(folder):
    """Split name -> the folder of its classes."""
    try:
        names = sorted(e.name for e in os.scandir(folder) if is_folder(e))
    except OSError as error:
        raise DataError(f"--dataset=folder:{folder}: {error.strerror}") from error
    splits = {}
    for name in names:
        split = split_names.of_word(name)
        if split in splits:
            raise DataError(f"{folder}: {name} and {os.path.basename(splits[split])} are one split")
        if split:
            splits[split] = os.path.join(folder, name)
    if not splits:
        return {TRAIN: folder}
    if TRAIN not in splits:
        raise DataError(f"{folder}: has {', '.join(splits)} but no folder train")
    return splits


def _index(root):
    try:
        return build_index(root, _ENDINGS)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error


def _shown(folder, classes):
    """Names of classes, of folders whose names need not be UTF-8."""
    names = tuple(map(shown, classes))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{folder}: two folders are called {twice}; rename one")
    return names


def _classes(folder, roots, indexes):
    """Names of the classes, sorted: the folders of train."""
    train = indexes[TRAIN]
    if not train.tops:
        raise DataError(f"{roots[TRAIN]}: holds no folders; images belong in one folder a class")
    if len(train.tops) == 1:
        raise DataError(f"{roots[TRAIN]}: has one class only, {train.tops[0]}")
    for split, index in indexes.items():
        counts = np.bincount(index.top_ids, minlength=len(index.tops))
        for top, count in zip(index.tops, counts, strict=True):
            path = os.path.join(roots[split], top)
            if not count and split == TRAIN:
                raise DataError(f"{path}: the class holds no image (.jpg, .jpeg, .png, .gif, .bmp)")
            if count and top not in train.tops:
                raise DataError(f"{path}: is not among the {len(train.tops)} classes of train")
        if index.ignored:
            _LOG.info("data: %s: %d files that are no images left out", split, index.ignored)
    return list(train.tops)
