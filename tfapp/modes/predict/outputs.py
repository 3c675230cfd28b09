"""The formats of --output: rows are appended as bytes, and at the end make one whole file.

JSON lines and CSV grow as they are. Parquet and NumPy's .npz cannot be appended to: their rows are
kept as Arrow record batches, of which the file is made at the end.
"""

import abc
import csv
import io
import os
import pathlib

from tfapp.errors import StorageError, UsageError
from tfapp.modes.predict import spool
from tfapp.modes.predict.columns import INPUT, PROBABILITIES, cell, flat_columns, plain
from tfapp.runtime import strict_json
from tfapp.runtime.atomic_files import rename_to_new, sync_folder, write_new_by


def check_output(path):
    """Checks --output before anything is computed. Raises UsageError or StorageError."""
    path = pathlib.Path(path)
    if path.suffix not in FORMATS:
        raise UsageError(f"--output={path}: must end in one of {', '.join(FORMATS)}")
    if path.exists() or path.is_symlink():
        raise UsageError(f"--output={path}: exists already; name another file")
    if not path.parent.is_dir():
        raise StorageError(f"--output={path}: folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise StorageError(f"--output={path}: folder {path.parent} cannot be written")


class OutputFormat(abc.ABC):
    """How rows are written."""

    def __init__(self, class_names):
        """`class_names`: in the order of the probabilities; empty: not known."""
        self.class_names = class_names

    @abc.abstractmethod
    def encode(self, piece, answers, partial):
        """The bytes of some rows.

        Args:
          piece: a `Piece`, without its features.
          answers: name -> array [n, ...].
          partial: path of the file they are appended to, with all rows before.

        Raises:
          DataError: a kept value does not fit the format.
        """

    @abc.abstractmethod
    def finish(self, partial, path):
        """Makes the file at `path`, where there is none, of all rows in `partial`.

        Raises:
          FileExistsError: there is one.
        """


class _Growing(OutputFormat):
    """A format whose files grow by appending."""

    def finish(self, partial, path):
        """See `OutputFormat`."""
        rename_to_new(partial, path)
        sync_folder(pathlib.Path(path).absolute().parent)


class JsonLines(_Growing):
    """One object a row."""

    def encode(self, piece, answers, partial):
        """See `OutputFormat`."""
        columns = {name: plain(values) for name, values in answers.items()}
        found, classes = answers.get(PROBABILITIES), self.class_names
        if classes and found is not None and found.shape[1:] == (len(classes),):
            rows = columns[PROBABILITIES]
            columns[PROBABILITIES] = [dict(zip(classes, row, strict=True)) for row in rows]
        columns = {INPUT: piece.names, **piece.kept, **columns}
        rows = (
            strict_json.dumps(dict(zip(columns, row, strict=True)), default=str)
            for row in zip(*columns.values(), strict=True)
        )
        return "".join(f"{row}\n" for row in rows).encode()


class Csv(_Growing):
    """A header, then a row each."""

    def encode(self, piece, answers, partial):
        """See `OutputFormat`."""
        kept = {name: map(cell, values) for name, values in piece.kept.items()}
        flat = flat_columns(answers, self.class_names)
        columns = {INPUT: piece.names, **kept, **{n: plain(values) for n, values in flat.items()}}
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        if not partial.stat().st_size:
            writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue().encode()


class _Spooled(OutputFormat):
    """A format that is made at the end."""

    def encode(self, piece, answers, partial):
        """See `OutputFormat`."""
        return spool.encode(piece, answers, self.class_names, partial)

    def finish(self, partial, path):
        """See `OutputFormat`."""
        write_new_by(path, lambda file: self.write(partial, file))

    @abc.abstractmethod
    def write(self, partial, file):
        """Writes all rows in the spool `partial` to an open file."""


class Parquet(_Spooled):
    """The columns of a CSV, with their types."""

    def write(self, partial, file):
        """See `_Spooled`."""
        spool.write_parquet(partial, file)


class Npz(_Spooled):
    """One array an answer, put together in memory."""

    def write(self, partial, file):
        """See `_Spooled`."""
        spool.write_npz(partial, file)


FORMATS = {".jsonl": JsonLines, ".csv": Csv, ".npz": Npz, ".parquet": Parquet}


def format_of(path, class_names):
    """The `OutputFormat` for --output, by its suffix."""
    return FORMATS[pathlib.Path(path).suffix](class_names)
