"""A CSV file -> an Arrow table, in parallel, with repeated strings dictionary-encoded.

How the files of a data set are written is detected once, from the first that is read; flags take
precedence. Plain CSV goes from the file to Arrow in C++ alone; other encodings are decoded block by
block. Fields may be quoted and contain newlines.
"""

import dataclasses
import io
import logging
import os

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tfapp.data.tables import dialect as dialects
from tfapp.data.tables import encoding as encodings
from tfapp.data.tables import layout as layouts
from tfapp.data.tables import transcode
from tfapp.data.tables.columns import is_string
from tfapp.data.tables.numbers import MISSING
from tfapp.data.tables.reader import TableReader
from tfapp.data.tables.reading import Reading
from tfapp.errors import DataError

_LOG = logging.getLogger("tfapp")
ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_BLOCK = 4 << 20  # bytes that a thread parses at a time
_DICTIONARY = 4096  # distinct strings of a block beyond which it is not dictionary-encoded
_HEAD = 1 << 16  # bytes from which the dialect is detected
_CASES = (str, str.upper, str.title)
_NULLS = sorted({case(value) for value in MISSING for case in _CASES} | {"NaN", "-NaN", "#N/A N/A"})
_STRINGS = pa.dictionary(pa.int32(), pa.string())


class CsvReader(TableReader):
    """Reads the files of one data set alike."""

    ENDINGS = ENDINGS

    def __init__(self, wanted=None, *, before=None):
        """
        Args:
          wanted: a `Wanted`: what the flags say; None: nothing.
          before: the `Reading` of the data that a run was trained on, which is followed where the
            files do not tell; None: there is none.
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
        above = f"{self._above} lines above the table left out" if self._above else ""
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
            return self._read(path, head, whole, encoding)
        except _NotUtf8Error:
            with transcode.open_bytes(path) as file:
                encoding = encodings.of_damaged(file, likely=self.dialect.encoding)
            if self._is_first:
                self.dialect = dataclasses.replace(self.dialect, encoding=encoding)
            return self._read(path, head, whole, encoding, decoded=True)
        finally:
            self._is_first = False

    def _encoding(self, head):
        """The encoding of a file whose beginning is `head`, if the rest is like it."""
        if self._wanted.encoding != dialects.AUTO:
            return self._wanted.encoding
        found = encodings.certain(head)
        if found:
            return found
        before = self.dialect.encoding if self.dialect else encodings.UTF8
        return encodings.eight_bit(head) if before == encodings.UTF8 else before

    def _read(self, path, head, whole, encoding, decoded=False):
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
        return _File(
            path,
            self.dialect,
            layout,
            encoding=encoding,
            decoded=decoded or encoding != encodings.UTF8,
            blanks=self.dialect.has_blanks_before_quotes(text),
            missing=self._wanted.missing,
            strings=self._strings,
        ).read()


class _NotUtf8Error(Exception):
    """A file that was taken for UTF-8 is not."""


def _head(path):
    """(the first bytes of a file, whether they are all of it)."""
    with transcode.open_bytes(path) as file:
        head = file.read(_HEAD)
        return head, len(head) < _HEAD and not file.read(1)


class _File:
    """One file, whose dialect, layout and encoding are known."""

    def __init__(self, path, dialect, layout, *, encoding, decoded, blanks, missing, strings):
        self._path, self._dialect, self._layout = path, dialect, layout
        self._encoding, self._decoded = encoding, decoded
        self._blanks = (dialect.delimiter, dialect.quote) if blanks else None
        self._missing, self._strings = missing, strings
        self._damaged = False

    def read(self):
        """See `CsvReader.read`."""
        table, bad = self._rows()
        malformed = {}
        if bad:
            counted = self._layout.skipped + (self._layout.names is None)
            bad = {row.number - counted: row for row in bad}
            table, numbers, malformed = self._mended(table, bad)
        table = _without_empty_columns(table)
        if self._dialect.spaced or self._missing:
            table = self._cleaned(table)
        if self._damaged:
            numbers = numbers if bad else np.arange(1, table.num_rows + 1)
            table, damaged = _without_damaged(table, numbers, self._encoding)
            malformed |= damaged
        return table, dict(sorted(malformed.items()))

    def _rows(self):
        """The table and the rows that do not fit into it, numbered as pyarrow does."""
        # Only the slower way of finding rows can read a quoted field with a newline that crosses
        # two blocks; the faster one then fails or finds rows of another length.
        for newlines in (False, True):
            bad = []
            try:
                table = self._parsed(bad, newlines=newlines, threads=True)
            except pa.ArrowInvalid as error:
                if not newlines:
                    continue
                raise DataError(f"{self._path}: {_reason(error)}") from error
            if not bad:
                return table, []
        bad = []
        return self._parsed(bad, newlines=True, threads=False), bad  # one thread numbers the rows

    def _parsed(self, bad, *, newlines, threads):
        def skip(row):
            bad.append(row)
            return "skip"

        parse = self._parse_options(newlines_in_values=newlines, invalid_row_handler=skip)
        read = pa.csv.ReadOptions(
            use_threads=threads,
            block_size=_BLOCK,
            skip_rows=self._layout.skipped,
            column_names=self._layout.names,
        )
        types = dict.fromkeys(self._strings, _STRINGS)
        if not self._decoded and not self._blanks:
            try:
                table = pa.csv.read_csv(self._path, read, parse, self._convert_options(types))
                _check_utf8(table)
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                if isinstance(error, UnicodeDecodeError) or "UTF8" in str(error):
                    raise _NotUtf8Error from error
                raise
            return table
        with transcode.Utf8Stream(self._path, self._encoding, blanks=self._blanks) as stream:
            file = io.BufferedReader(stream, _BLOCK)
            table = pa.csv.read_csv(file, read, parse, self._convert_options(types))
            self._damaged = stream.damaged
        return table

    def _parse_options(self, **more):
        return pa.csv.ParseOptions(
            delimiter=self._dialect.delimiter,
            quote_char=self._dialect.quote or False,
            escape_char=self._dialect.escape or False,
            **more,
        )

    def _convert_options(self, types):
        return pa.csv.ConvertOptions(
            column_types=types,
            null_values=[*_NULLS, *self._missing],
            decimal_point=self._dialect.decimal,
            auto_dict_encode=True,
            auto_dict_max_cardinality=_DICTIONARY,
        )

    def _mended(self, table, bad):
        """Puts back the rows that only have empty fields too many.

        Returns:
          table, the numbers of its rows, and malformed: number -> reason.
        """
        lines, delimiter = {}, self._dialect.delimiter
        for number, row in bad.items():
            excess = delimiter * max(row.actual_columns - row.expected_columns, 0)
            if excess and row.text is not None and row.text.rstrip("\r\n").endswith(excess):
                lines[number] = row.text.rstrip("\r\n").removesuffix(excess)
        numbers = np.delete(np.arange(1, table.num_rows + len(bad) + 1), [n - 1 for n in bad])
        names = table.column_names
        if lines and len(set(names)) == len(names):
            try:
                more = pa.csv.read_csv(
                    io.BytesIO("\n".join(lines.values()).encode()),
                    pa.csv.ReadOptions(column_names=names),
                    self._parse_options(newlines_in_values=True),
                    self._convert_options(dict(zip(names, table.schema.types, strict=True))),
                )
            except pa.ArrowInvalid:  # not of the types of the other rows
                lines = {}
            else:
                numbers = np.concatenate([numbers, list(lines)])
                order = np.argsort(numbers)
                table, numbers = pa.concat_tables([table, more]).take(order), numbers[order]
        return (
            table,
            numbers,
            {
                number: f"has {row.actual_columns} fields, not {row.expected_columns}"
                for number, row in bad.items()
                if number not in lines
            },
        )

    def _cleaned(self, table):
        """Without blanks before strings, and with null for what means missing."""
        missing = pa.array(self._missing, pa.string())
        for i, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
            if is_string(column.type):
                strings = column.cast(pa.string())
                if self._dialect.spaced:
                    strings = pc.utf8_ltrim_whitespace(strings)
                null = pc.fill_null(pc.is_in(strings, missing), True)
                strings = pc.if_else(null, pa.scalar(None, pa.string()), strings)
                table = table.set_column(i, name, strings.dictionary_encode())
        return table


def _check_utf8(table):
    """Raises _NotUtf8Error if a column holds bytes that are none."""
    for field in table.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise _NotUtf8Error(field.name)


def _without_empty_columns(table):
    """Without the columns that have neither a name nor values: delimiters at the ends of rows."""
    kept = [
        i
        for i, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True))
        if name or column.null_count < len(column) or not len(column)
    ]
    return table if len(kept) == table.num_columns else table.select(kept)


def _without_damaged(table, numbers, encoding):
    """(the rows without damaged bytes, number -> reason of the others)."""
    reasons, broken = {}, np.zeros(table.num_rows, bool)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if is_string(column.type):
            found = pc.match_substring(column.cast(pa.string()), transcode.DAMAGED)
            found = pc.fill_null(found, False).to_numpy()
            reasons |= {int(n): f"{name!r} holds bytes that are not {encoding}"
                        for n in numbers[found & ~broken]}  # fmt: skip
            broken |= found
    names = [name.replace(transcode.DAMAGED, "\ufffd") for name in table.column_names]
    return table.filter(pa.array(~broken)).rename_columns(names), reasons


def _reason(error):
    return f"cannot be read as CSV ({str(error).splitlines()[0][:160]})"
