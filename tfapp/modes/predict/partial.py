"""Rows that are written, so far: OUTPUT.partial, and how far that is, OUTPUT.progress.

A killed prediction continues from them. What was written after the latest record of progress is
cut off, and predicted again.
"""

import contextlib
import fcntl
import os
import pathlib
import time

from tfapp.errors import StorageError, UsageError
from tfapp.runtime import json_files, storage, strict_json
from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.json_shape import Each

_SECONDS = 2.0  # between two records of progress
_SHAPE = {"rows": int, "bytes": int, "of": Each(str)}


class PartialOutput:
    """The rows before --output is whole; a context manager, which lets go of the file."""

    def __init__(self, path, of, *, clock=time.monotonic):
        """Begins, or continues what was begun.

        Args:
          path: --output.
          of: what decides on the rows, such as {"input": HASH, "model": HASH}.
          clock: seconds; injected by tests.

        Raises:
          UsageError: another command has begun it, or it is of another input, model or flags.
          StorageError: it cannot be written.
        """
        path = pathlib.Path(path)
        self._path, self._of, self._clock = path, of, clock
        self.file = path.with_name(f"{path.name}.partial")
        self._progress = path.with_name(f"{path.name}.progress")
        with self._writing():
            self._claim()
            self._open = open(self.file, "ab")  # noqa: SIM115 (closed by __exit__)
            try:
                self._lock()
                self.rows, self._bytes = self._begun()
                self._open.truncate(self._bytes)
                self._save()
            except BaseException:
                self._open.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(OSError):
            self._open.close()

    def append(self, data, rows):
        """Appends the bytes of so many rows. Raises StorageError."""
        with self._writing():
            self._open.write(data)
            self._open.flush()  # which the format may read
            self.rows, self._bytes = self.rows + rows, self._bytes + len(data)
            if self._clock() - self._recorded >= _SECONDS:
                self._save()

    def finish(self, form):
        """Makes --output of all rows by an `OutputFormat`, and removes what is left.

        Raises:
          UsageError: a file of this name has appeared meanwhile.
          StorageError: it cannot be written.
        """
        with self._writing():
            self._save()
            try:
                form.finish(self.file, self._path)
            except FileExistsError as error:
                raise UsageError(
                    f"--output={self._path}: exists already; name another file"
                ) from error
        self.discard()

    def discard(self):
        """Removes the rows, which no repetition can use."""
        for path in (self.file, self._progress):
            path.unlink(missing_ok=True)

    def _claim(self):
        """Writes the first record. Raises UsageError if the file is there and has none."""
        if self._progress.exists():
            return
        if os.path.lexists(self.file):
            raise UsageError(
                f"--output={self._path}: {self.file} is there, and not known to be of this "
                "command; remove it, or name another file"
            )
        self.rows = self._bytes = 0
        self._record()

    def _begun(self):
        """(rows, bytes) that are there already."""
        try:
            begun = json_files.read(self._progress, _SHAPE)
        except json_files.Damaged as error:
            raise UsageError(
                f"--output={self._path}: {self._progress} {error}; {self._remedy()}"
            ) from error
        for what, value in self._of.items():
            if begun["of"].get(what) != value:
                raise UsageError(
                    f"--output={self._path}: {self.file} was begun with {_OTHER[what]}; "
                    f"{self._remedy()}"
                )
        if min(begun["rows"], begun["bytes"]) < 0:
            raise UsageError(
                f"--output={self._path}: {self._progress} is damaged; {self._remedy()}"
            )
        size = self.file.stat().st_size
        if not size:  # it was removed
            return 0, 0
        if size < begun["bytes"]:
            raise UsageError(f"--output={self._path}: {self.file} was cut; {self._remedy()}")
        return begun["rows"], begun["bytes"]

    def _remedy(self):
        return f"remove it and {self._progress.name} to begin again, or name another file"

    def _lock(self):
        """Raises UsageError if another process writes the same file."""
        try:
            fcntl.flock(self._open, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there = self._progress.exists() and self.file.exists()
            if there and os.path.samestat(os.fstat(self._open.fileno()), self.file.stat()):
                return
        except BlockingIOError:
            pass
        except OSError:  # the file system has no locks
            return
        raise UsageError(
            f"--output={self._path}: another process is writing it; wait, or name another file"
        )

    def _save(self):
        """What is appended is on the disk before the record that counts it."""
        self._open.flush()
        os.fsync(self._open.fileno())
        self._record()
        self._recorded = self._clock()

    def _record(self):
        about = {"rows": self.rows, "bytes": self._bytes, "of": self._of}
        write_text(self._progress, f"{strict_json.dumps(about)}\n")

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            reason = storage.describe(error, self._path) or error.strerror
            raise StorageError(f"--output={self._path}: {reason}") from error


_OTHER = {
    "input": "another --input, or the file has changed since",
    "model": "another model, or it was exported anew",
    "flags": "other flags",
}
