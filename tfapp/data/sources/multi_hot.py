"""Labels that come as arrays of 0 and 1, one column a label: [examples, labels].

The rule without --task: an array of two dimensions, with two columns or more that hold 0 and 1 and
nothing else, is one of sets of labels. Where each row has a single 1, it may be one-hot classes as
well.
"""

import numpy as np

from tfapp.errors import DataError
from tfapp.spec import LabelSpec


def is_sets(name, train, label):
    """Whether the labels of train are sets by the rule.

    Raises:
      DataError: they may be classes as well.
    """
    if train.ndim != 2 or train.shape[1] < 2 or not (_is_binary(train) and train.any()):
        return False
    if (np.count_nonzero(train, axis=1) == 1).all():
        raise DataError(
            f"{name}: label {label} has a single 1 in each row; give the numbers of the classes "
            "(argmax) if it is one-hot, or say --task=multi_label or --task=regression"
        )
    return True


def make(name, train, label, names=()):
    """The LabelSpec, and a function that turns a split's labels into uint8 [n, labels].

    Args:
      name: what messages call the data set.
      train: the labels of train.
      label: their name.
      names: of the labels; (): their numbers.

    Raises:
      DataError: the array is another one.
    """
    if train.ndim != 2 or train.shape[1] < 2:
        raise DataError(
            f"{name}: label {label} has shape {train.shape[1:]} an example; --task=multi_label "
            "needs a 0 or 1 for each of several labels"
        )
    count = train.shape[1]
    names = tuple(names) if len(names) == count else tuple(map(str, range(count)))
    spec = LabelSpec(label, "multi_label", count, names, (count,))

    def encode(where, array):
        if not _is_binary(array):
            raise DataError(f"{where}: {label} holds other values than 0 and 1")
        return array.astype(np.uint8)

    encode(f"{name}, split train", train)
    return spec, encode


def _is_binary(array):
    return array.dtype.kind in "uifb" and bool(np.isin(array, (0, 1)).all())
