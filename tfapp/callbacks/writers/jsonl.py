"""metrics.jsonl: one record a line, no step twice after a resume."""

import json
import math
import os
import time

from tfapp.callbacks.writers.writer import Writer
from tfapp.runtime import strict_json
from tfapp.runtime.atomic_files import write_bytes


class JsonlWriter(Writer):
    """Appends {"step", "split", "time", name: value, ...}; `time` is in seconds since 1970."""

    def __init__(self, folder, *, wall_clock=time.time):
        """`wall_clock`: () -> seconds since 1970; injected by tests."""
        super().__init__(folder)
        self._path = self.folder / "metrics.jsonl"
        self._wall_clock = wall_clock
        self._file = None

    def scalars(self, step, split, values):
        record = {"step": step, "split": split, "time": round(self._wall_clock(), 3), **values}
        self._file.write(strict_json.dumps(record) + "\n")
        self._file.flush()

    def rewind(self, step):
        self.close()
        if self._path.exists():
            lines = self._path.read_bytes().splitlines()
            kept = [line for line in lines if _step(line) <= step]
            write_bytes(self._path, b"".join(line + b"\n" for line in kept))
        self._file = open(self._path, "a")  # noqa: SIM115 (kept open for the run, see close)

    def close(self):
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def _step(line):
    """The step of a record; of a line that a crash cut short or garbled, infinity."""
    try:
        return json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return math.inf
