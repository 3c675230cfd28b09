"""A CSV file -> an Arrow table, in parallel, with repeated strings dictionary-encoded.

Fields may be quoted and contain newlines. The first row names the columns.
"""

import pyarrow as pa
import pyarrow.csv

from tfapp.errors import DataError

ENDINGS = (".csv", ".csv.gz", ".tsv")
_BLOCK = 4 << 20  # bytes that a thread parses at a time
_DICTIONARY = 4096  # distinct strings of a block beyond which it is not dictionary-encoded


def read(path, text=()):
    """Reads the file at `path`, plain or .gz.

    Args:
      path: of the file.
      text: names of columns that are read as they are written, whatever they look like.

    Returns:
      table: a `pyarrow.Table` of the rows that can be read.
      malformed: row number -> reason, of the others; rows are counted from 1, without the header.

    Raises:
      DataError: it cannot be read.
    """
    # Only the slower way of finding rows can read a quoted field with a newline that crosses two
    # blocks; the faster one then fails or finds rows of another length.
    for newlines in (False, True):
        malformed = []
        try:
            table = _read(path, malformed, newlines, text, threads=True)
        except pa.ArrowInvalid as error:
            if not newlines:
                continue
            raise DataError(f"{path}: {_reason(error)}") from error
        if not malformed:
            return table, {}
    malformed = []
    table = _read(path, malformed, True, text, threads=False)  # one thread numbers the rows
    return table, {
        row.number - 1: f"has {row.actual_columns} fields, not {row.expected_columns}"
        for row in malformed
    }


def _read(path, malformed, newlines, text, threads):
    def skip(row):
        malformed.append(row)
        return "skip"

    delimiter = "\t" if str(path).endswith(".tsv") else ","
    return pa.csv.read_csv(
        path,
        pa.csv.ReadOptions(use_threads=threads, block_size=_BLOCK),
        pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=newlines, invalid_row_handler=skip
        ),
        pa.csv.ConvertOptions(
            auto_dict_encode=True,
            auto_dict_max_cardinality=_DICTIONARY,
            column_types=dict.fromkeys(text, pa.string()),
        ),
    )


def _reason(error):
    return f"cannot be read as CSV ({str(error).splitlines()[0][:160]})"
