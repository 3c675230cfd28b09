"""metrics.jsonl: one record a line, no step twice after a resume."""

import json
import os
import pathlib

from tfapp.files import write_text


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
            kept = [line for line in self._lines() if json.loads(line)["step"] <= step]
            write_text(self._path, "".join(f"{line}\n" for line in kept))
        self._file = open(self._path, "a")  # noqa: SIM115 (kept open for the run, see close)

    def __call__(self, record):
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def close(self):
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _lines(self):
        """Whole records; a line cut short by a crash is dropped."""
        for line in self._path.read_text().splitlines():
            try:
                json.loads(line)
            except json.JSONDecodeError:
                continue
            yield line
