"""--class_weight -> one factor a class."""

import numpy as np

from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError
from tfapp.registry import suggest


def class_weights(pairs, source):
    """float32 [num_classes].

    Args:
      pairs: ("balanced",), or "CLASS:WEIGHT" strings; a class is named, or numbered.
      source: a `Source` with a label of kind "class".

    Raises:
      UsageError: no classes, an unknown one, or a weight that is no number.
    """
    label = source.spec.label
    if label.kind != "class":
        raise UsageError(f"--class_weight: the label {label.name!r} has no classes")
    if pairs == ("balanced",):
        counts = np.bincount(source.labels(TRAIN), minlength=label.num_classes)
        # n / (classes * count), as scikit-learn's: all classes weigh the same in sum.
        return (counts.sum() / (label.num_classes * np.maximum(counts, 1))).astype(np.float32)
    weights = np.ones(label.num_classes, np.float32)
    for pair in pairs:
        name, _, weight = pair.rpartition(":")
        if name not in label.class_names:
            raise UsageError(
                f"--class_weight={pair}: no class {name!r}{suggest(name, label.class_names)}"
            )
        try:
            value = float(weight)
        except ValueError as error:
            raise UsageError(f"--class_weight={pair}: {weight!r} is no number") from error
        if not 0 <= value < float("inf"):
            raise UsageError(f"--class_weight={pair}: must be 0 or more")
        weights[label.class_names.index(name)] = value
    return weights
