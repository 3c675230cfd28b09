"""metrics.jsonl: one record a line, no step twice after a resume."""

import json
import time

from tfapp.callbacks.writers import damage
from tfapp.callbacks.writers.writer import Writer
from tfapp.run_folder import METRICS
from tfapp.runtime import strict_json
from tfapp.runtime.atomic_files import close_durably, write_bytes


class JsonlWriter(Writer):
    """Appends {"step", "split", "time", name: value, ...}; `time` is in seconds since 1970."""

    def __init__(self, folder, *, wall_clock=time.time):
        """`wall_clock`: () -> seconds since 1970; injected by tests."""
        super().__init__(folder)
        self._path = self.folder / METRICS
        self._wall_clock = wall_clock
        self._file = None

    def scalars(self, step, split, values):
        record = {"step": step, "split": split, "time": round(self._wall_clock(), 3), **values}
        self._file.write(strict_json.dumps(record) + "\n")
        self._file.flush()

    def rewind(self, step):
        self.close()
        content = damage.content(self._path)
        if content is not None:
            self._keep_up_to(step, content)
        self._file = open(self._path, "a")  # noqa: SIM115 (kept open for the run, see close)

    def _keep_up_to(self, last, content):
        """Drops the records beyond step `last`; warns of damaged ones."""
        lines = content.split(b"\n")
        steps = [_step(line) for line in lines]
        # A whole line has its end, so that what follows the last one is empty or cut short.
        whole = zip(lines[:-1], steps[:-1], strict=True)
        damaged = sum(step is None and bool(line.strip()) for line, step in whole)
        if damaged:
            damage.keep_aside(self._path, damage.lines(damaged))
        records = zip(lines, steps, strict=True)
        kept = [line for line, step in records if step is not None and step <= last]
        write_bytes(self._path, b"".join(line + b"\n" for line in kept))

    def close(self):
        if self._file is not None:
            close_durably(self._file)
            self._file = None


def _step(line):
    """The step of a record; None for a line that is none, as a crash cut it short or garbled it."""
    try:
        step = json.loads(line)["step"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return step if type(step) is int else None
