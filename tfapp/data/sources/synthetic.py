"""`synthetic:SHAPE[:CLASSES[:EXAMPLES]]`: random examples of any size, for trials and benchmarks.

Each class has a random prototype, and an example is its prototype plus noise, so that a sound
network learns it. SHAPE is sizes joined by x: 28x28x1 makes uint8 images, 64 float32 vectors.
"""

import math
import re

import numpy as np

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits.label_names import LABEL
from tfapp.data.splits.split_names import TEST, TRAIN
from tfapp.errors import UsageError

_FORM = re.compile(r"([0-9]{1,9}(?:x[0-9]{1,9})*)(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?")
_MOST_VALUES = 1 << 33  # of all examples
_TEST_EXAMPLES = 256


def open_synthetic(where, *, task):
    """Generates the data set that `where` describes; `task` is --task. Raises UsageError."""
    match = _FORM.fullmatch(where)
    shape = tuple(int(size) for size in match.group(1).split("x")) if match else ()
    classes = int(match.group(2) or 10) if match else 0
    examples = int(match.group(3) or 2048) if match else 0
    if not match or 0 in shape or classes < 2 or examples < classes:
        raise UsageError(
            f"--dataset=synthetic:{where}: write it as synthetic:28x28x1, or with the numbers of "
            "classes (2 or more) and examples after it: synthetic:28x28x1:10:2048"
        )
    if math.prod((examples, *shape)) > _MOST_VALUES or math.prod((classes, *shape)) > _MOST_VALUES:
        raise UsageError(f"--dataset=synthetic:{where}: is more than {_MOST_VALUES:,} numbers")
    generator = np.random.Generator(np.random.Philox(0))
    prototypes = generator.random((classes, *shape), np.float32)
    splits = {
        TRAIN: _examples(generator, prototypes, examples),
        TEST: _examples(generator, prototypes, _TEST_EXAMPLES),
    }
    return source_from_arrays(f"synthetic:{where}", splits, label=LABEL, task=task)


def _examples(generator, prototypes, count):
    labels = np.arange(count, dtype=np.int32) % len(prototypes)
    image = prototypes.ndim == 4
    values = np.empty((count, *prototypes.shape[1:]), np.uint8 if image else np.float32)
    for start in range(0, count, 1024):  # in pieces: the float32 noise of all would not fit
        part = prototypes[labels[start : start + 1024]]
        part = part + generator.normal(0, 0.5, part.shape).astype(np.float32)
        values[start : start + 1024] = (
            np.clip(part * 96 + 64, 0, 255).astype(np.uint8) if image else part
        )
    return {"image" if image else "x": values, LABEL: labels}
