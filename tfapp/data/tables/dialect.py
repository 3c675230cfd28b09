"""How a CSV is written: as the flags have it, or as the beginning of its first file shows."""

import dataclasses

from tfapp.data.tables import layout, numbers, sniff
from tfapp.data.tables.encoding import UTF8
from tfapp.errors import UsageError

AUTO = "auto"
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
QUOTES = {"double": '"', "single": "'", "none": ""}
_ROWS = 100  # in which the decimal mark is looked for
_CELLS = 20_000  # and so many cells of them
_WORDS = {char: word for word, char in DELIMITERS.items()}


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What all files of a data set have in common."""

    encoding: str = UTF8  # of Python's codecs; a file that is not in it has its own
    delimiter: str = ","
    quote: str = '"'  # "" where quotes are ordinary characters
    escape: str = ""  # "\\" where it takes the meaning from the next character
    spaced: bool = False  # blanks follow the delimiters
    header: bool = True
    decimal: str = numbers.POINT

    def rows(self, text, most=120):
        """The rows of a text, see `sniff.rows`."""
        return sniff.rows(
            text,
            delimiter=self.delimiter,
            quote=self.quote,
            escape=self.escape,
            spaced=self.spaced,
            most=most,
        )

    def has_blanks_before_quotes(self, text):
        """Whether fields are quoted after a blank, as in a, "b"."""
        return bool(self.spaced and self.quote) and f"{self.delimiter} {self.quote}" in text

    def __str__(self):
        """What differs from plain CSV, for the log; "" if nothing does."""
        parts = [] if self.encoding == UTF8 else [self.encoding]
        if self.delimiter != ",":
            parts.append(f"delimiter {_WORDS.get(self.delimiter, self.delimiter)}")
        if self.quote != '"':
            parts.append(f"quotes {self.quote}" if self.quote else "no quotes")
        parts += ["blanks after delimiters"] if self.spaced else []
        parts += ["backslash escapes"] if self.escape else []
        parts += ["decimal comma"] if self.decimal == numbers.COMMA else []
        parts += [] if self.header else ["no header"]
        return ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The flags --csv_*: what is "auto" is detected."""

    delimiter: str = AUTO
    encoding: str = AUTO
    quote: str = AUTO
    decimal: str = AUTO
    header: str = AUTO
    missing: tuple[str, ...] = ()  # values that mean missing in every column

    def __post_init__(self):
        if self.delimiter != AUTO and len(DELIMITERS.get(self.delimiter, self.delimiter)) != 1:
            raise UsageError(
                f"--csv_delimiter={self.delimiter}: one character, or {', '.join(DELIMITERS)}"
            )
        if self.encoding != AUTO and not _is_encoding(self.encoding):
            raise UsageError(
                f"--csv_encoding={self.encoding}: unknown; utf-8, utf-16, latin-1, cp1252, ..."
            )


def _is_encoding(name):
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def detect(text, encoding, wanted, *, likely=None, names=()):
    """Finds out how a CSV is written.

    Args:
      text: the beginning of the first file, of whole rows.
      encoding: the file's encoding.
      wanted: a `Wanted`.
      likely: a `Dialect` to prefer where the text is ambiguous; None: plain CSV.
      names: columns that are known; where they are, one in the first row makes it a header.

    Returns:
      a `Dialect`.
    """
    likely = likely or Dialect()
    named, text = layout.named_delimiter(text)
    delimiters = [named] if named else None
    if wanted.delimiter != AUTO:
        delimiters = [DELIMITERS.get(wanted.delimiter, wanted.delimiter)]
    quotes = None if wanted.quote == AUTO else [QUOTES[wanted.quote]]
    way = sniff.choose(text, delimiters=delimiters, quotes=quotes, likely=likely.delimiter)
    found = Dialect(encoding=encoding, **way)
    rows = [row for row, _ in found.rows(text)]
    wanted_header = {"true": True, "false": False}.get(wanted.header)
    first, header = layout.begin(rows, wanted_header) if rows else (0, True)
    rows = rows[first:]
    if names and wanted.header == AUTO and rows:
        header = likely.header or not set(names).isdisjoint(rows[0])
    return dataclasses.replace(
        found, header=header, decimal=_decimal(rows[header:][:_ROWS], found, wanted, likely)
    )


def _decimal(rows, found, wanted, likely):
    """The decimal mark that the flag, the cells, or the delimiter speak for."""
    if wanted.decimal != AUTO:
        return {"point": numbers.POINT, "comma": numbers.COMMA}[wanted.decimal]
    width = sniff.width(rows)
    rows = [row for row in rows if len(row) == width][: max(_CELLS // max(width, 1), 3)]
    columns = list(zip(*rows, strict=True))
    marks = set(map(numbers.evidence, columns)) - {""}
    shown = marks.pop() if len(marks) == 1 else ""
    if shown or (likely.decimal, likely.delimiter) == (numbers.COMMA, found.delimiter):
        return shown or likely.decimal
    # 1,234 and nothing clearer: a semicolon is used where the decimal mark is a comma.
    unclear = {numbers.unclear_mark(cell) for column in columns for cell in column} - {""}
    commas = found.delimiter == ";" and unclear == {numbers.COMMA}
    return numbers.COMMA if commas else numbers.POINT
