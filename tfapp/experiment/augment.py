"""--augment: what changes training batches, and what changes how files are read."""

import numpy as np

from tfapp.data import augmentation
from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError

_SAMPLE = 65536  # examples from which the standard deviations of numbers are estimated


def divide(entries, split):
    """Divides augmentation between reading and the training step.

    Args:
      entries: the items of --augment.
      split: the training split.

    Returns:
      (split, entries, crops): a split that cuts random windows while it decodes, if --augment asks
      for them and the examples are files; the items left for the step; the name of the one that
      moved to reading, or "".

    Raises:
      UsageError: an item is unknown, or has a value that files do not support.
    """
    names = [name for name, _ in augmentation.parse(entries)]
    if augmentation.CROPS not in names or not split.cuts_windows:
        return split, tuple(entries), ""
    entry = entries[names.index(augmentation.CROPS)]
    if ":" in entry:
        raise UsageError(
            f"--augment={entry}: for files, windows always cover 8% to 100%; leave out the value"
        )
    left = tuple(e for e, n in zip(entries, names, strict=True) if n != augmentation.CROPS)
    return split.with_random_windows(), left, augmentation.CROPS


def build(entries, data, *, micro_batch):
    """Builds the augmentation of the step.

    Args:
      entries: items of --augment that are left for the step.
      data: a `Data`.
      micro_batch: examples that a replica processes at once.

    Returns:
      an `Augmentation`, or None without entries.

    Raises:
      UsageError: the data has nothing that an item could change.
    """
    if not entries:
        return None
    sample = None

    def standard_deviations(name):
        nonlocal sample
        if sample is None:
            sample = data.source.splits[TRAIN].sample(_SAMPLE)
        return np.nanstd(np.asarray(sample[name], np.float64), axis=0)

    return augmentation.build(
        entries,
        data.spec,
        data.feature_inputs,
        micro_batch=micro_batch,
        standard_deviations=standard_deviations,
    )
