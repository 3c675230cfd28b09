"""The contract of a data source, and the one split every in-memory source uses.

A source is a `DataSpec` and, by name, its splits. A split addresses its examples by index, which is
all that the order of training (order.py) and both input engines need.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfapp.data.splits.bad_examples import BadExamples
from tfapp.runtime.threads import by_name
from tfapp.spec import DataSpec


class ArraySplit:
    """Examples held in memory as one array a feature."""

    def __init__(self, arrays, *, groups=None, name_of=None):
        """
        Args:
          arrays: name -> [num_examples, ...], all of one length; `StringColumn`s until encoded.
          groups: `StringColumn` of examples that must stay together; None: each by itself.
          name_of: index -> what messages call the example, such as its file and row.
        """
        self._arrays = arrays
        self._tensors = None
        self.groups = groups
        self.name_of = name_of or (lambda index: f"example {index}")
        self.num_examples = len(next(iter(arrays.values())))
        self.nbytes = sum(array.nbytes for array in arrays.values())  # once decoded

    def arrays(self):
        """The whole split: name -> [num_examples, ...]."""
        return self._arrays

    def with_arrays(self, arrays):
        """The same examples with other arrays."""
        return ArraySplit(arrays, groups=self.groups, name_of=self.name_of)

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
        arrays = by_name(lambda _, array: array[indices], self._arrays)
        groups = None if self.groups is None else self.groups[indices]
        name_of = self.name_of  # and not self, whose arrays would never be freed
        return ArraySplit(arrays, groups=groups, name_of=lambda i: name_of(indices[i]))

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
    carved: tuple[str, ...] = ()  # splits that were taken out of train rather than given


def label_array(split, spec):
    """The labels of a split, [num_examples, ...], as NumPy."""
    return split.labels(spec.label.name)
