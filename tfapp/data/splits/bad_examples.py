"""The budget of examples that may be skipped, and the list of those that were.

Whether to skip is decided deep inside tf.data, where an error would surface as several lines about
graph nodes. So the error is kept here, and `reporting` raises it in place of TensorFlow's.
"""

import contextlib
import json
import logging
import pathlib
import threading

import tensorflow as tf

from tfapp.errors import DataError, StorageError
from tfapp.run_folder import BAD_EXAMPLES
from tfapp.runtime import storage
from tfapp.runtime.json_files import Damaged, parse
from tfapp.runtime.regular_files import open_regular

_LOG = logging.getLogger("tfapp")
_ENTRY = {"example": str, "reason": str}  # of a line


class BadExamples:
    """Counts each bad example once, however often it is read."""

    def __init__(self, budget="0"):
        """`budget`: a number of examples, or a percentage of all of them such as "1%"."""
        self._budget = budget
        self._allowed = 0 if budget.endswith("%") else int(budget)
        self._path = None
        self._seen = {}  # file or record -> reason
        self._lock = threading.Lock()
        self.error = None  # the TfappError that ended reading

    @property
    def count(self):
        return len(self._seen)

    def set_total(self, num_examples):
        """Sets the number of examples over all splits, to which a percentage refers."""
        if self._budget.endswith("%"):
            self._allowed = int(num_examples * float(self._budget[:-1]) / 100)

    def keep_in(self, folder):
        """Lists them in `folder` from now on, after those that an earlier start listed there."""
        with self._lock:
            self._path = pathlib.Path(folder) / BAD_EXAMPLES
            for line in _lines(self._path):
                with contextlib.suppress(Damaged):  # one cut short by a kill is written again
                    entry = parse(line, _ENTRY)
                    self._seen.setdefault(entry["example"], entry["reason"])
            listed, self._seen = self._seen, {}
            with storage.writing(self._path):
                self._path.unlink(missing_ok=True)
                for example, reason in listed.items():
                    self._add(example, reason)

    def skip(self, example, reason, remedy=""):
        """Takes one from the budget.

        Args:
          example: the file, and within it the row or offset: what identifies the example.
          reason: why it cannot be used.
          remedy: what else can be done, for the message if the budget is spent.

        Raises:
          DataError: the budget is spent.
        """
        with self._lock:
            if example in self._seen:
                return
            if len(self._seen) >= self._allowed:
                self.stop(self._refusal(example, reason) + (remedy and f"; {remedy}"))
            self._add(example, reason)

    def stop(self, message):
        """Raises, and keeps for `reporting`, a DataError."""
        self.fail(DataError(message))

    def fail(self, error):
        """Raises, and keeps for `reporting`, the first TfappError that ends reading."""
        if self.error is None:
            self.error = error
        raise self.error

    def log(self):
        """Logs how many were skipped, if any were."""
        if self._seen:
            place = f", listed in {self._path}" if self._path else ""
            word = "example" if self.count == 1 else "examples"
            _LOG.info("data: %d bad %s skipped%s", self.count, word, place)

    @contextlib.contextmanager
    def reporting(self):
        """Raises the TfappError behind an error that came out of TensorFlow."""
        try:
            yield
        except (tf.errors.OpError, UnicodeDecodeError) as error:  # a message need not be UTF-8
            if self.error is not None:
                raise self.error from error
            raise

    def _refusal(self, example, reason):
        if not self._allowed:
            return f"{example}: {reason}; repair it, or allow some with --max_bad_examples"
        return (
            f"{example}: {reason}; it is bad example {len(self._seen) + 1}, and "
            f"--max_bad_examples={self._budget} allows {self._allowed}"
        )

    def _add(self, example, reason):
        self._seen[example] = reason
        if self._path is not None:
            line = json.dumps({"example": example, "reason": reason}) + "\n"
            try:
                with storage.writing(self._path), open(self._path, "ab") as file:
                    file.write(line.encode())
            except StorageError as error:
                self.error = error  # for `reporting`, where it comes out of TensorFlow
                raise


def _lines(path):
    """The lines of bad_examples.jsonl, bytes; none if it is not there. Raises DataError."""
    try:
        with open_regular(path) as file:
            return file.read().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; remove it") from error
