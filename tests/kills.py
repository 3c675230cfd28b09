"""A process that dies while it writes a file, and leaves what SIGKILL leaves."""

import contextlib
import pathlib

import pytest

from tfapp import run_folder


class Killed(BaseException):
    """The end of the process: nothing is cleaned up after it."""


@contextlib.contextmanager
def kill_at(name):
    """While the file `name` of a run's folder is written, `Killed` is raised."""
    write = run_folder.write_text

    def write_or_die(path, text):
        if pathlib.Path(path).name == name:
            pathlib.Path(path).with_name(f".{name}.17.tmp").write_text(text[:5])
            raise Killed
        write(path, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_folder, "write_text", write_or_die)
        patch.setattr(run_folder.RunFolder, "discard", run_folder.RunFolder.close)
        yield
