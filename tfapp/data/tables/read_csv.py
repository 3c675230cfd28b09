"""The CSV files of a data set -> Arrow tables, all read alike.

How they are written is detected once, from the first that is read; flags take precedence.
csv_file.py reads one file, csv_pieces.py one piece by piece.
"""

import dataclasses
import logging
import os

import numpy as np
import pyarrow as pa

from tfapp.data.tables import dialect as dialects
from tfapp.data.tables import encoding as encodings
from tfapp.data.tables import layout as layouts
from tfapp.data.tables import transcode
from tfapp.data.tables.csv_file import CsvFile, NotUtf8Error
from tfapp.data.tables.csv_pieces import CsvPieces, WiderTypeError
from tfapp.data.tables.reader import TableReader
from tfapp.data.tables.reading import Reading

_LOG = logging.getLogger("tfapp")
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_HEAD = 1 << 16  # bytes from which the dialect is detected, more if there are ...
_ROWS, _LONGEST = 32, 4 << 20  # ... fewer rows in them, up to so many bytes


class CsvReader(TableReader):
    """Reads the files of one data set alike."""

    ENDINGS = ENDINGS

    def __init__(self, wanted=None, *, before=None):
        """
        Args:
          wanted: a `Wanted`, from the flags; None: everything is detected.
          before: the `Reading` of the data that a run was trained on, which decides where the
            files are ambiguous; None: there is none.
        """
        self._wanted = wanted or dialects.Wanted()
        self._before = before or Reading()
        self._strings = frozenset((*self._before.strings, *self._before.marks))
        self._forms = {}
        self._names = ()
        self._is_first, self._first, self._above = True, "", 0
        self.dialect = None  # the `Dialect`, once a file was read

    def decimal_of(self, name):
        """See `TableReader`."""
        if name in self._before.strings:
            return ""
        return self._before.marks.get(name, self.dialect.decimal)

    def keep_strings(self, names):
        """See `TableReader`."""
        self._strings |= set(names)

    def decided(self, names, forms):
        """See `TableReader`. Logs what is not plain CSV."""
        self._names, self._forms = tuple(names), forms
        if self.describe():
            _LOG.info("data: %s: %s", os.path.basename(self._first), self.describe())

    def reading(self, label):
        """The `Reading` of the data set whose label is the column `label`."""
        marks = {name: form.mark for name, form in self._forms.items()}
        strings = tuple(name for name in self._names if name in self._strings - marks.keys())
        return Reading(self.dialect, self._names, label, strings, marks)

    def describe(self):
        """What was detected, in words for the log; "" for plain CSV."""
        signs = [
            f"{name} ({form.unit})" if form.unit else name
            for name, form in self._forms.items()
            if not form.plain
        ]
        found = f"numbers with separators or signs in {', '.join(signs)}" if signs else ""
        lines = "1 line" if self._above == 1 else f"{self._above} lines"
        above = f"{lines} above the table left out" if self._above else ""
        return ", ".join(filter(None, (str(self.dialect), above, found)))

    def read(self, path):
        """Reads the file at `path`, plain or compressed.

        Returns:
          table: a `pyarrow.Table` of the rows that can be read.
          malformed: row number -> reason, of the others; rows are counted from 1, without the
            header.

        Raises:
          DataError: it cannot be read.
        """
        head, whole = _head(path)
        encoding = self._encoding(head)
        try:
            return self._file(path, head, whole, encoding).read()
        except NotUtf8Error:
            encoding = self._encoding_of_damaged(path, encoding)
            return self._file(path, head, whole, encoding, decoded=True).read()
        finally:
            self._is_first = False

    def read_pieces(self, path, strings=()):
        """Reads the file at `path`, plain or compressed, in the memory of a piece.

        Args:
          strings: columns to read as strings, in addition to those of the run's data.

        Yields:
          (table, numbers, malformed), see `CsvPieces.read_pieces`; no row twice.

        Raises:
          DataError: it cannot be read.
        """
        head, whole = _head(path)
        encoding, decoded = self._encoding(head), False
        types, done = dict.fromkeys(strings, pa.string()), 0
        while True:
            file = self._file(path, head, whole, encoding, decoded=decoded, kind=CsvPieces)
            self._is_first = False
            try:
                for table, numbers, malformed in file.read_pieces(types):
                    start = int(np.searchsorted(numbers, done, "right"))
                    if malformed or start < len(numbers):
                        yield table.slice(start), numbers[start:], malformed
                        done = max(done, *numbers[-1:].tolist(), *malformed)
                return
            except WiderTypeError as error:
                types[error.name] = error.kind
            except NotUtf8Error:
                if decoded:
                    raise
                encoding, decoded = self._encoding_of_damaged(path, encoding), True

    def _encoding_of_damaged(self, path, encoding):
        """The encoding of a file that was taken for UTF-8 and is not."""
        if self._wanted.encoding == dialects.AUTO:
            with transcode.open_bytes(path) as file:
                encoding = encodings.of_damaged(file, likely=self.dialect.encoding)
        if self._is_first:
            self.dialect = dataclasses.replace(self.dialect, encoding=encoding)
        return encoding

    def _encoding(self, head):
        """The encoding of a file whose beginning is `head`, if the rest is like it."""
        if self._wanted.encoding != dialects.AUTO:
            return self._wanted.encoding
        found = encodings.certain(head)
        if found:
            return found
        before = self.dialect.encoding if self.dialect else encodings.UTF8
        return encodings.eight_bit(head) if before == encodings.UTF8 else before

    def _file(self, path, head, whole, encoding, *, decoded=False, kind=CsvFile):
        """The file as a `CsvFile` of some kind."""
        text = transcode.decode(head, encoding)
        if not whole:  # the last row is cut
            text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
        if self.dialect is None:
            likely = self._before.dialect
            if str(path).removesuffix(".gz").endswith(".tsv"):
                likely = dataclasses.replace(likely, delimiter="\t")
            self.dialect = dialects.detect(
                text, encoding, self._wanted, likely=likely, names=self._before.names
            )
        layout = layouts.find(text, self.dialect, names=lambda n: self._before.names_of(n, path))
        if self._is_first:
            self._first, self._above = path, layout.above
        return kind(
            path,
            self.dialect,
            layout,
            encoding=encoding,
            decoded=decoded or encoding != encodings.UTF8,
            blanks=self.dialect.has_blanks_before_quotes(text),
            missing=self._wanted.missing,
            strings=self._strings,
        )


def _head(path):
    """(the first bytes of a file, whether they are all of it)."""
    with transcode.open_bytes(path) as file:
        head, more = b"", b""
        # Rows of thousands of columns are long.
        while len(head) < _HEAD or (head.count(b"\n") < _ROWS and len(head) < _LONGEST):
            more = file.read(_HEAD)
            head += more
            if not more:
                break
        return head, not more
