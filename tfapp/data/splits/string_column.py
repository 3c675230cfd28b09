"""Columns of strings: each example's code into the distinct values, and one long text.

Both are sliced and indexed like arrays, so that a split can hold them before they are encoded.
"""

import numpy as np


class StringColumn:
    """Strings [num_examples] as int32 codes into their distinct values; "" is a missing one."""

    def __init__(self, codes, values):
        """
        Args:
          codes: int32 [num_examples].
          values: the distinct strings, a NumPy object array.
        """
        self.codes = codes
        self.values = values

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, index):
        """A `StringColumn` of the examples at `index`, or one example's string."""
        if isinstance(index, (int, np.integer)):
            return self.values[self.codes[index]]
        return StringColumn(self.codes[index], self.values)

    def __array__(self, dtype=None, copy=None):
        del dtype, copy
        return self.values[self.codes]

    @property
    def shape(self):
        return self.codes.shape

    @property
    def nbytes(self):
        return self.codes.nbytes

    def counts(self):
        """How often each of `values` occurs, int64."""
        return np.bincount(self.codes, minlength=len(self.values))

    def map(self, encoded):
        """Each example's row of `encoded`, [number of values, ...]."""
        return encoded[self.codes]


class TextStream:
    """One long text, from which examples are cut once its tokens are known."""

    _EXCERPT = 256  # characters

    def __init__(self, text):
        self.text = text
        self.shape = ()

    def __len__(self):
        return len(self.text)

    def __getitem__(self, index):
        """Excerpts of the text: a slice of them as a NumPy object array of str, or one."""
        starts = range(0, len(self.text), self._EXCERPT)[index]
        if isinstance(starts, int):
            return self.text[starts : starts + self._EXCERPT]
        return np.array([self.text[i : i + self._EXCERPT] for i in starts], object)

    def __array__(self, dtype=None, copy=None):
        del dtype, copy
        return self[:]

    @property
    def nbytes(self):
        return len(self.text)
