"""The contract of a metrics backend."""

import abc
import pathlib


class Writer(abc.ABC):
    """A backend that takes what a run records: one subclass a file in this folder.

    `open_writers` constructs a backend with the run's folder and calls `rewind` before anything is
    written. Steps do not decrease between two calls of `rewind`. Only the chief writes.

    A backend that cannot hold images, texts, histograms or files inherits methods that drop them.
    Any method may raise OSError when the disk is full or cannot be written, which ends the run.
    """

    def __init__(self, folder):
        """`folder`: the run's folder, which exists. Nothing is opened or created yet."""
        self.folder = pathlib.Path(folder)

    @abc.abstractmethod
    def scalars(self, step, split, values):
        """Records numbers, and hands them to the operating system before it returns.

        Args:
          step: int, optimizer steps done.
          split: "train", "validation" or another name that can be a file's.
          values: dict of name -> float or int; NaN and infinity are allowed. Successive records
            of a split may have different names.
        """

    def images(self, step, split, name, images):
        """Records `images`: uint8 [n, height, width, channels] with 1, 3 or 4 channels."""
        del step, split, name, images

    def texts(self, step, split, name, text):
        """Records `text`: a str, which may be Markdown."""
        del step, split, name, text

    def histograms(self, step, split, name, values):
        """Records the distribution of `values`: a numeric array of any shape."""
        del step, split, name, values

    def artifact(self, step, name, path):
        """Records that the file at `path` exists as of `step`; the backend may copy it."""
        del step, name, path

    @abc.abstractmethod
    def rewind(self, step):
        """Drops everything recorded beyond `step`, also by earlier processes.

        Those steps will run again: after a resume, or after going back to a checkpoint. What a
        crash cut short is dropped too. The writer can be used afterwards.
        """

    def flush(self):  # noqa: B027 (backends that keep nothing back have nothing to do)
        """Hands everything recorded so far to the operating system."""

    @abc.abstractmethod
    def close(self):
        """Flushes and closes. Can be called again; nothing is recorded afterwards."""
