"""Examples held in memory as one array a feature: the split of every in-memory source."""

import numpy as np
import tensorflow as tf

from tfapp.data.splits.split import Split
from tfapp.runtime.threads import by_name


class ArraySplit(Split):
    """See `Split`."""

    def __init__(self, arrays, *, groups=None, name_of=None):
        """
        Args:
          arrays: name -> [num_examples, ...], all of one length; strings as `StringColumn`s until
            they are encoded.
          groups: see `Split`.
          name_of: index -> what messages call the example; None: its number.
        """
        self._arrays = arrays
        self._tensors = None
        self._name_of = name_of or _numbered
        self.groups = groups
        self.num_examples = len(next(iter(arrays.values())))
        self.nbytes = sum(array.nbytes for array in arrays.values())

    def labels(self, name):
        return np.asarray(self._arrays[name])

    def subset(self, indices):
        arrays = by_name(lambda _, array: array[indices], self._arrays)
        groups = None if self.groups is None else self.groups[indices]
        name_of = self._name_of  # and not self, whose arrays would never be freed
        return ArraySplit(arrays, groups=groups, name_of=lambda i: name_of(indices[i]))

    def with_arrays(self, arrays):
        return ArraySplit(arrays, groups=self.groups, name_of=self._name_of)

    def fetch(self, indices):
        # Also called while a tf.data function is traced: the arrays become captured tensors, not
        # constants of the graph, so there is no 2 GiB limit and no copy for each function.
        if self._tensors is None:
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = {k: tf.constant(v) for k, v in self._arrays.items()}
        return {name: tf.gather(tensor, indices) for name, tensor in self._tensors.items()}

    def examples(self, count):
        return {name: np.asarray(array[:count]) for name, array in self._arrays.items()}

    def sample(self, count):
        del count  # they are in memory already
        return self._arrays

    def arrays(self):
        return self._arrays

    def name_of(self, index):
        return self._name_of(index)


def _numbered(index):
    return f"example {index}"
