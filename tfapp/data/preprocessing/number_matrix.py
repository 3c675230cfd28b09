"""Many columns of numbers as one matrix [batch, columns], so that a step has no operation a column.

A table of thousands of columns would otherwise be thousands of arrays to gather and some ten
thousand operations to trace, in training, in every evaluation and in the exported model.
"""

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.robust import Robust, smoothly_clipped
from tfapp.spec import reserved_name

NUMBERS = reserved_name("numbers")  # the matrix's name in a batch
FEWEST = 64  # columns from which a matrix is worth having


class NumberMatrix:
    """The scalar numbers among the features of a table, and how they are scaled."""

    def __init__(self, transforms):
        """`transforms`: feature name -> `Robust`."""
        each = tuple(transforms.values())
        self.names = tuple(transforms)
        self._center = np.array([t.center for t in each], np.float32)
        self._scale = np.array([t.scale for t in each], np.float32)
        self._flagged = [i for i, t in enumerate(each) if t.flagged]

    @classmethod
    def of(cls, transforms):
        """Of all features, name -> `Transform`; None if few of them are scalar numbers."""
        numbers = {name: t for name, t in transforms.items() if isinstance(t, Robust)}
        return cls(numbers) if len(numbers) >= FEWEST else None

    def pack(self, columns, stack):
        """Encoded columns by name -> the same with the matrix in the place of its columns.

        Args:
          stack: makes [n, columns] of a list of [n]; of NumPy or of TensorFlow.
        """
        others = dict(columns)
        numbers = [others.pop(name) for name in self.names]
        return {**others, NUMBERS: stack(numbers, axis=-1)}

    def columns(self, matrix):
        """The matrix [n, columns], packed -> name -> its column [n]."""
        return dict(zip(self.names, np.moveaxis(matrix, -1, 0), strict=True))

    def unpack(self, columns):
        """What `pack` was given, from what it gave, in NumPy."""
        others = dict(columns)
        numbers = self.columns(others.pop(NUMBERS))
        return {**others, **numbers}

    def __call__(self, matrix):
        """float32 [batch, columns] -> name -> what its own transform gives."""
        absent = tf.math.is_nan(matrix)
        values = tf.where(absent, tf.zeros_like(matrix) + self._center, matrix)
        values = smoothly_clipped(values, self._center, self._scale)
        out = dict(zip(self.names, tf.unstack(values, axis=1), strict=True))
        if self._flagged:
            marked = tf.stack([values, tf.cast(absent, tf.float32)], axis=-1)
            marked = tf.unstack(tf.gather(marked, self._flagged, axis=1), axis=1)
            out |= {self.names[i]: v for i, v in zip(self._flagged, marked, strict=True)}
        return out
