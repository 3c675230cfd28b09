"""The contract of a reader: how one example is read from files, by its row."""

import abc


class Reader(abc.ABC):
    """Rows of files. A `FileSplit` decides which of them are its examples."""

    example_nbytes: int  # of one example once decoded, without its label
    cuts_windows: bool = False  # whether a seed makes `read` cut a random window
    only_here: str = ""  # see `Split`

    @abc.abstractmethod
    def read(self, row, seed=None):
        """One example in TensorFlow operations, which fail if it cannot be read.

        Args:
          row: int64 scalar tensor.
          seed: int64 scalar tensor, the key of a random window; None: the centred one.

        Returns:
          a dict of tensors without a batch dimension, by feature name.
        """

    @abc.abstractmethod
    def where(self, row):
        """What messages call `row`, an int: its file, and where in it; a str."""

    @abc.abstractmethod
    def reason(self, row):
        """Why `row`, an int, cannot be read, in a few words; a str."""

    @abc.abstractmethod
    def content(self, row):
        """The stored bytes of the features of `row`, an int: equal for equal examples.

        Raises:
          OSError, tf.errors.OpError: it cannot be read.
        """
