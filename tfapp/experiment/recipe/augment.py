"""Which random changes of images are part of the recipe: only those that leave the class as it is.

A shift does, a change of tone does for bytes of colour, and a mirror image does where the data
shows that left and right are alike. A quantity, such as a position or an angle, may follow every
one of them, so images with one are left as they are.
"""

import numpy as np

from tfapp.data.augmentation.mirrored import alike
from tfapp.data.splits.split_names import TRAIN

_LEAST_SIDE = 16  # pixels; smaller images lose too much by a shift
_EXAMPLES = 2048  # among which nearest neighbours are looked for


def choose(wanted, data):
    """The items of --augment for a run.

    Args:
      wanted: items that the kind of data may have, `Recipe.augment`.
      data: a `Data`.

    Returns:
      a tuple: the part of `wanted` that suits the data.
    """
    spec = data.spec
    if not wanted or spec.label.kind != "class" or len(spec.features) != 1:
        return ()
    (feature,) = spec.features
    if min(feature.shape[:2]) < _LEAST_SIDE:
        return ()
    suits = {
        "colour": lambda: feature.dtype == "uint8" and feature.shape[-1] == 3,
        "flip": lambda: _alike(data.source.splits[TRAIN], feature.name, spec.label.name),
    }
    names = {item: item.partition(":")[0] for item in wanted}
    return tuple(item for item, name in names.items() if name not in suits or suits[name]())


def _alike(split, feature, label):
    count = min(split.num_examples, _EXAMPLES)
    rows = np.arange(count, dtype=np.int64) * split.num_examples // count
    examples = split.subset(rows).arrays()
    return alike(examples[feature], examples[label])
