"""The contract of a data source, and the one split every in-memory source uses.

A source is a `DataSpec` and, by name, its splits. A split addresses its examples by index, which is
all that the order of training (order.py) and both input engines need.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfapp.data.bad_examples import BadExamples
from tfapp.spec import DataSpec


class ArraySplit:
    """Examples held in memory as one array a feature."""

    def __init__(self, arrays):
        """`arrays`: name -> [num_examples, ...], all of one length."""
        self._arrays = arrays
        self._tensors = None
        self.num_examples = len(next(iter(arrays.values())))
        self.nbytes = sum(array.nbytes for array in arrays.values())  # once decoded

    def arrays(self):
        """The whole split: name -> [num_examples, ...]."""
        return self._arrays

    def examples(self, count):
        """The first `count` examples, raw as they came: name -> NumPy [n, ...]."""
        return {name: np.asarray(array[:count]) for name, array in self._arrays.items()}

    def sample(self, count):
        """Examples to fit preprocessing on, name -> NumPy [n, ...]: here all, whatever `count`."""
        del count
        return self._arrays

    def labels(self, name):
        """The array called `name`, the label's, as NumPy [num_examples, ...]."""
        return np.asarray(self._arrays[name])

    def subset(self, indices):
        """A split of the examples at `indices`, int64 [n], in that order."""
        return ArraySplit({name: array[indices] for name, array in self._arrays.items()})

    def fetch(self, indices):
        """Examples at `indices`, an int64 tensor [n], as a dict of tensors [n, ...].

        Called while a tf.data function is traced: the arrays become captured tensors, not
        constants of the graph, so there is no 2 GiB limit and no copy a function.
        """
        if self._tensors is None:
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = {k: tf.constant(v) for k, v in self._arrays.items()}
        return {name: tf.gather(tensor, indices) for name, tensor in self._tensors.items()}


@dataclasses.dataclass(frozen=True)
class Source:
    """What the data is, and its splits: "train" and any of "validation" and "test"."""

    spec: DataSpec
    splits: Mapping[str, ArraySplit]
    bad_examples: BadExamples = dataclasses.field(default_factory=BadExamples)


def label_array(split, spec):
    """The labels of a split, [num_examples, ...], as NumPy."""
    return split.labels(spec.label.name)
