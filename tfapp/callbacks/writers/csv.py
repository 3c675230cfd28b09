"""metrics/train.csv and metrics/validation.csv: a table a split, for spreadsheets and pandas."""

import csv
import io
import time

from tfapp.callbacks.writers import damage
from tfapp.callbacks.writers.writer import Writer
from tfapp.flag_values import whole_number
from tfapp.runtime.atomic_files import close_durably, write_text


class CsvWriter(Writer):
    """One row a record; columns are step, time (seconds since 1970), and every name seen so far.

    A cell is empty where a record lacks the column's name.
    """

    def __init__(self, folder, *, wall_clock=time.time):
        """`wall_clock`: () -> seconds since 1970; injected by tests."""
        super().__init__(folder)
        self._root = self.folder / "metrics"
        self._wall_clock = wall_clock
        self._tables = {}  # by split

    def scalars(self, step, split, values):
        if split not in self._tables:
            self._root.mkdir(exist_ok=True)
            self._tables[split] = _Table(self._root / f"{split}.csv")
        self._tables[split].append({"step": step, "time": round(self._wall_clock(), 3), **values})

    def rewind(self, step):
        self.close()
        for path in sorted(self._root.glob("*.csv")):
            self._tables[path.stem] = _Table(path)
            self._tables[path.stem].rewind(step)

    def close(self):
        for table in self._tables.values():
            table.close()
        self._tables.clear()


class _Table:
    """A CSV file whose columns grow."""

    def __init__(self, path):
        self._path = path
        self._columns = []
        self._file = None  # open for appending once the columns are in it

    def append(self, row):
        """Adds `row`, a dict. A new column rewrites the file."""
        new = [name for name in row if name not in self._columns]
        if new:
            self._rewrite([*self._columns, *new], [*self._read()[0], row])
        else:
            _csv_writer(self._file, self._columns).writerow(row)
            self._file.flush()

    def rewind(self, step):
        """Drops the rows beyond `step` and those that a crash cut short; warns of damaged ones."""
        rows, damaged = self._read()
        if damaged:
            damage.keep_aside(self._path, damage.lines(damaged))
        kept = [row for row in rows if int(row["step"]) <= step]
        if kept:
            self._rewrite(list(kept[0]), kept)
        else:
            self.close()
            self._columns = []
            self._path.unlink(missing_ok=True)

    def close(self):
        if self._file is not None:
            close_durably(self._file)
            self._file = None

    def _read(self):
        """The whole rows of the file, as dicts of str, and how many of its lines are damaged."""
        content = damage.content(self._path)
        if content is None:
            return [], 0
        lines = content.decode(errors="replace").split("\n")
        # A whole line has its end, so that what follows the last one is empty or cut short.
        header, *rows = [_cells(line) for line in lines[:-1] if line] or [[]]
        if header[:1] != ["step"]:
            return [], len(rows) + bool(header)
        whole = [
            row for row in rows if len(row) == len(header) and whole_number(row[0]) is not None
        ]
        damaged = len(rows) - len(whole)
        return [dict(zip(header, row, strict=True)) for row in whole], damaged

    def _rewrite(self, columns, rows):
        self.close()
        text = io.StringIO()
        writer = _csv_writer(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        write_text(self._path, text.getvalue())
        self._columns = columns
        self._file = open(self._path, "a", newline="")  # noqa: SIM115 (kept open, see close)


def _cells(line):
    """The cells of a line; none if a crash garbled it."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _csv_writer(file, columns):
    return csv.DictWriter(file, columns, restval="", lineterminator="\n")
