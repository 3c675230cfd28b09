"""Where the rows of a CSV file begin, and what its columns are called."""

import dataclasses
import re

from tfapp.data.tables import numbers, sniff

_COMMENT = "#"
_EXCEL = re.compile(r'"?sep=(.)"?\r?\n?')  # a first line that names the delimiter


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the beginning of a file is read."""

    above: int = 0  # lines before the table
    skipped: int = 0  # lines before the first row, or before the header where names is None
    names: tuple[str, ...] | None = None  # None: those of the header, as they stand


def named_delimiter(text):
    """(the delimiter that the first line names, or "", and the text after that line)."""
    found = _EXCEL.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def begin(rows, header=None):
    """Finds the table among the rows of a file.

    Lines before it, a title or comments, have other numbers of fields than its rows. The header may
    have one field less than they: they end in a delimiter, or begin with the row names of R.

    Args:
      rows: lists of strings, none empty.
      header: whether there is one; None: it is detected.

    Returns:
      (index of the header or of the first row, whether that is a header).
    """
    width = sniff.width(rows)
    comments = next((i for i, row in enumerate(rows) if not _is_comment(row)), 0)
    first = next((i for i in range(comments, len(rows)) if _is_full(rows[i], width)), 0)
    table = [row for row in rows[first:] if len(row) == width]
    if header is False or not table or (header and not first):
        return first, bool(header)
    named, before = sniff.has_header(table), len(rows[first - 1]) if first else 0
    if comments and first == comments and before == width > 1 and not named:
        return first - 1, True  # it looks like a comment: #id,name
    ends = not any(row[-1] for row in table)
    if first > comments and before == width - 1 > 1 and (ends or not named):
        return first - 1, True
    return first, named if header is None else header


def _is_full(row, width):
    """Whether a row is one of the table: spreadsheets pad a title with delimiters."""
    return len(row) == width and (width < 3 or sum(cell != "" for cell in row) > 1)


def _is_comment(row):
    return row[0].startswith(_COMMENT) and not numbers.is_missing(row[0])  # such as #N/A


def find(text, dialect, *, names=lambda width: ()):
    """The `Layout` of a file.

    Args:
      text: the beginning of the file, of whole rows.
      dialect: its `Dialect`.
      names: function of the number of columns that returns their names, if there is no header; ():
        column_1, column_2, ...
    """
    declared, rest = named_delimiter(text)
    lines = dialect.rows(rest)
    rows = [row for row, _ in lines]
    if not rows:
        return Layout()
    first, _ = begin(rows, dialect.header)
    width = sniff.width(rows)
    before = bool(declared)
    above = before + (lines[first - 1][1] if first else 0)
    if not dialect.header:
        names = tuple(names(width) or (f"column_{i + 1}" for i in range(width)))
        return Layout(above, above, names)
    header = list(rows[first])
    header[0] = header[0].removeprefix(_COMMENT).strip() if first else header[0]
    if len(header) == width - 1:
        ends = not any(row[-1] for row in rows[first + 1 :] if len(row) == width)
        header = [*header, ""] if ends else ["", *header]
    if header == rows[first] and not dialect.spaced:
        return Layout(above, above)
    return Layout(above, before + lines[first][1], tuple(header))
