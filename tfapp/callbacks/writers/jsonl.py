"""metrics.jsonl: one record a line, no step twice after a resume."""

import json
import math
import os
import pathlib

from tfapp.runtime.atomic_files import write_bytes


class JsonlWriter:
    """Appends records to a file; each is on the disk's way before the next step runs."""

    def __init__(self, path, *, resume_step):
        """Drops what the file holds beyond `resume_step`: those steps will run again."""
        self._path = pathlib.Path(path)
        self._file = None
        self.rewind(resume_step)

    def rewind(self, step):
        """Drops the records beyond `step`."""
        if self._file is not None:
            self.close()
        if self._path.exists():
            lines = self._path.read_bytes().splitlines()
            kept = [line for line in lines if _step(line) <= step]
            write_bytes(self._path, b"".join(line + b"\n" for line in kept))
        self._file = open(self._path, "a")  # noqa: SIM115 (kept open for the run, see close)

    def __call__(self, record):
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def close(self):
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _step(line):
    """The step of a record; of a line that a crash cut short or garbled, infinity."""
    try:
        return json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return math.inf
