"""The contract of stored records that can be read in any order."""

import abc

import numpy as np
import tensorflow as tf


class Records(abc.ABC):
    """Records 0 to len - 1 of some files, each the bytes of a serialized tf.Example."""

    bad: tuple[tuple[str, str], ...] = ()  # (place, reason) of each damaged record
    only_here: str = "its records are read by Python"  # see `Split`

    @abc.abstractmethod
    def __len__(self):
        """The number of sound records."""

    @abc.abstractmethod
    def read(self, row):
        """The bytes of record `row`, an int.

        Raises:
          tf.errors.OpError: the file has changed since it was indexed.
        """

    def read_many(self, rows):
        """Yields the bytes of each of `rows`, ints, or the OpError that `read` raises for it."""
        for row in rows:
            try:
                yield self.read(row)
            except tf.errors.OpError as error:
                yield error

    @abc.abstractmethod
    def where(self, row):
        """What messages call record `row`, an int: its file, and where in it; a str."""

    def in_graph(self, row):
        """The bytes of record `row`, an int64 scalar tensor, as a string scalar tensor.

        Called while a tf.data function is traced. The operation fails if the file has changed since
        it was indexed.
        """

        def read(number):
            return np.array(self.read(int(number)), object)

        record = tf.numpy_function(read, (row,), tf.string, stateful=False)
        return tf.ensure_shape(record, ())
