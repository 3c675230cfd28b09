"""--augment: what it does to the batches of training, and to how files are read."""

import numpy as np

from tfapp.data import augmentation
from tfapp.errors import UsageError

_SAMPLE = 65536  # examples on which the deviations of numbers are measured


def plan(config, spec, split):
    """Divides the work between reading and the step.

    Args:
      config: a `Config`.
      spec: a `DataSpec`.
      split: the training split.

    Returns:
      (split, entries, crops): a split that cuts random windows while it decodes, if that was asked
      of files; the items of --augment that are left for the step; the name of what moved, or "".

    Raises:
      UsageError: an unknown item, or one that the files cannot serve.
    """
    names = [name for name, _ in augmentation.parse(config.augment)]
    if augmentation.CROPS not in names or not split.cuts_windows:
        return split, config.augment, ""
    entry = config.augment[names.index(augmentation.CROPS)]
    if ":" in entry:
        raise UsageError(f"--augment={entry}: of files, windows cover 8% to 100%; leave out the :")
    left = tuple(e for e, n in zip(config.augment, names, strict=True) if n != augmentation.CROPS)
    return split.with_random_windows(), left, augmentation.CROPS


def build(config, entries, source, preprocess, num_replicas):
    """The `Augmentation` of `entries`, or None without any. Raises UsageError."""
    if not entries:
        return None
    sample = None

    def standard_deviations(name):
        nonlocal sample
        if sample is None:
            sample = source.splits["train"].sample(_SAMPLE)
        return np.nanstd(np.asarray(sample[name], np.float64), axis=0)

    return augmentation.build(
        entries,
        source.spec,
        preprocess.input_specs(source.spec),
        micro_batch=config.batch_size // (num_replicas * config.accumulate),
        standard_deviations=standard_deviations,
    )
