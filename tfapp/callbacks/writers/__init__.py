"""Where metrics are written: one backend a file, chosen by name."""

import contextlib
import inspect

from tfapp.callbacks.writers.writer import Writer
from tfapp.errors import UsageError
from tfapp.registry import Registry, is_object_path

WRITERS = Registry(
    "writers",
    {
        "csv": "tfapp.callbacks.writers.csv:CsvWriter",
        "jsonl": "tfapp.callbacks.writers.jsonl:JsonlWriter",
        "tensorboard": "tfapp.callbacks.writers.tensorboard:TensorBoardWriter",
    },
)
_ALWAYS = "jsonl"  # metrics.jsonl is part of every run's folder


def check_names(names):
    """Checks the names in --writers, and imports those of the form package.module:Class.

    Raises:
      UsageError: unknown name, a module that cannot be imported, or a class that is no `Writer`.
    """
    for name in names:
        WRITERS.check(name)
        if is_object_path(name):
            _writer_class(name)


def open_writers(names, folder, *, resume_step):
    """Opens the backends called `names`, metrics.jsonl first whether it is among them or not.

    Args:
      names: registered names or package.module:Class; a repeated one is opened once.
      folder: the run's folder.
      resume_step: what the folder holds beyond this step is dropped: those steps will run again.

    Returns:
      a list of `Writer`s, to be closed by the caller.

    Raises:
      UsageError: see `check_names`.
      OSError: a file cannot be read or written.
    """
    writers = []
    with contextlib.ExitStack() as opened:
        for name in dict.fromkeys((_ALWAYS, *names)):
            writer = _writer_class(name)(folder)
            opened.callback(writer.close)
            writer.rewind(resume_step)
            writers.append(writer)
        opened.pop_all()
    return writers


def _writer_class(name):
    found = WRITERS.get(name)
    if not (isinstance(found, type) and issubclass(found, Writer)):
        raise UsageError(
            f"--writers={name}: is not a subclass of tfapp.callbacks.writers.writer.Writer; "
            "derive it from that class"
        )
    if inspect.isabstract(found):
        lacks = ", ".join(sorted(found.__abstractmethods__))
        raise UsageError(f"--writers={name}: {found.__name__} lacks {lacks}")
    return found
