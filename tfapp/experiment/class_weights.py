"""--class_weight: one factor of the training loss per class."""

import numpy as np

from tfapp.data.splits.split_names import TRAIN
from tfapp.errors import UsageError
from tfapp.flag_values import LARGEST_FLOAT
from tfapp.registry import suggest


def class_weights(pairs, source):
    """Turns --class_weight into float32 [num_classes].

    Args:
      pairs: ("balanced",), or "CLASS:WEIGHT" strings, where CLASS is the name of a class.
      source: a `Source` with a label of kind "class".

    Raises:
      UsageError: the label has no classes, a class is unknown, or a weight is not a number.
    """
    label = source.spec.label
    if label.kind == "multi_label":
        raise UsageError("--class_weight: an example may have several labels; classification only")
    if label.kind != "class":
        raise UsageError(f"--class_weight: the label {label.name!r} has no classes")
    if pairs == ("balanced",):
        counts = np.bincount(source.labels(TRAIN), minlength=label.num_classes)
        # n / (classes * count), as in scikit-learn: each class has the same total weight.
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
            raise UsageError(f"--class_weight={pair}: {weight!r} is not a number") from error
        if not 0 <= value <= LARGEST_FLOAT:
            raise UsageError(f"--class_weight={pair}: must be 0 or more, and finite")
        weights[label.class_names.index(name)] = value
    return weights
