"""The contract of stored records that can be read in any order."""

import abc


class Records(abc.ABC):
    """Records 0 to len - 1 of some files, each the bytes of a serialized tf.Example."""

    bad: tuple[tuple[str, str], ...] = ()  # (place, reason) of each damaged record

    @abc.abstractmethod
    def __len__(self):
        """The number of sound records."""

    @abc.abstractmethod
    def read(self, row):
        """The bytes of record `row`, an int.

        Raises:
          tf.errors.OpError: the file has changed since it was indexed.
        """

    @abc.abstractmethod
    def where(self, row):
        """What messages call record `row`, an int: its file, and where in it; a str."""
