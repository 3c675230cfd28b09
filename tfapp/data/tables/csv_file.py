"""One CSV file -> an Arrow table, in parallel, with repeated strings dictionary-encoded.

UTF-8 goes from the file to Arrow in C++ alone; other encodings are decoded block by block. Fields
may be quoted and contain newlines.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tfapp.data.tables import transcode
from tfapp.data.tables.columns import is_string
from tfapp.data.tables.numbers import MISSING
from tfapp.errors import DataError

BLOCK = 4 << 20  # bytes that a thread parses at a time
_DICTIONARY = 4096  # distinct strings of a block beyond which it is not dictionary-encoded
_CASES = (str, str.upper, str.title)
_NULLS = sorted({case(value) for value in MISSING for case in _CASES} | {"NaN", "-NaN", "#N/A N/A"})
_STRINGS = pa.dictionary(pa.int32(), pa.string())


class NotUtf8Error(Exception):
    """A file that was taken for UTF-8 is not."""


class CsvFile:
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
                raise DataError(f"{self._path}: {reason(error)}") from error
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
            block_size=BLOCK,
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
                    raise NotUtf8Error from error
                raise
            return table
        with transcode.Utf8Stream(self._path, self._encoding, blanks=self._blanks) as stream:
            file = io.BufferedReader(stream, BLOCK)
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
        numbers = np.delete(np.arange(1, table.num_rows + len(bad) + 1), [n - 1 for n in bad])
        return self._with_mended(table, numbers, bad)

    def _with_mended(self, table, numbers, bad):
        """As `_mended`, of a table whose rows have these numbers."""
        lines = {number: _shortened(row, self._dialect.delimiter) for number, row in bad.items()}
        lines = {number: line for number, line in lines.items() if line is not None}
        more = self._like(table, lines.values()) if lines else None
        if more is None:
            lines = {}
        else:
            numbers = np.concatenate([numbers, list(lines)])
            order = np.argsort(numbers)
            table, numbers = pa.concat_tables([table, more]).take(order), numbers[order]
        malformed = {
            number: f"has {row.actual_columns} fields, not {row.expected_columns}"
            for number, row in bad.items()
            if number not in lines
        }
        return table, numbers, malformed

    def _like(self, table, lines):
        """The rows of these lines as `table` has them; None if they are of other types."""
        names = table.column_names
        if len(set(names)) < len(names):
            return None
        try:
            return pa.csv.read_csv(
                io.BytesIO("\n".join(lines).encode()),
                pa.csv.ReadOptions(column_names=names),
                self._parse_options(newlines_in_values=True),
                self._convert_options(dict(zip(names, table.schema.types, strict=True))),
            )
        except pa.ArrowInvalid:
            return None

    def _undamaged(self, table, numbers):
        """(the rows without damaged bytes, number -> reason of the others, numbers)."""
        sound, damaged = _without_damaged(table, numbers, self._encoding)
        return sound, damaged, np.setdiff1d(numbers, list(damaged))

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


def _shortened(row, delimiter):
    """The line of a row without its excess of empty fields at the end; None if there is other."""
    excess = delimiter * max(row.actual_columns - row.expected_columns, 0)
    line = (row.text or "").rstrip("\r\n")
    return line.removesuffix(excess) if excess and line.endswith(excess) else None


def _check_utf8(table):
    """Raises NotUtf8Error if a column holds bytes that are none."""
    for field in table.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise NotUtf8Error(field.name)


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


def reason(error):
    return f"cannot be read as CSV ({str(error).splitlines()[0][:160]})"
