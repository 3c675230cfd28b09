"""The contract of a format of tables: one object reads all files of a data set."""

import abc

from tfapp.data.tables import numbers


class TableReader(abc.ABC):
    """Reads the files of one data set, all alike."""

    ENDINGS: tuple[str, ...]  # of the files to take from a folder

    @abc.abstractmethod
    def read(self, path):
        """Reads one file.

        Returns:
          table: a `pyarrow.Table` of the rows that can be read.
          malformed: row number -> reason, of the others; rows are counted from 1.

        Raises:
          DataError: it cannot be read.
        """

    def decimal_of(self, name):
        """The decimal mark of the numbers in a column of strings, where they leave it open.

        "" if the strings are none, whatever they look like.
        """
        del name
        return numbers.POINT

    def keep_strings(self, names):  # noqa: B027 (formats with types of their own need nothing)
        """From now on these columns are read as strings, whatever a file's values look like."""

    def decided(self, names, forms):  # noqa: B027
        """Takes note of what was found in train: the columns, and name -> `numbers.Form`."""
