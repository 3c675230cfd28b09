"""Whether a run has exported a model, checked before anything else is."""

import os
import pathlib

from tfapp.errors import UsageError
from tfapp.flag_values import number_of_name
from tfapp.registry import suggest
from tfapp.run_folder import EXPORT


def check_export(path):
    """Raises UsageError if the run at `path` has exported no model."""
    folder = pathlib.Path(path) / EXPORT
    if folder.is_dir() and any(number_of_name(p.name) is not None for p in folder.iterdir()):
        return
    where = f"--model_dir={path}: holds no export"
    if not os.path.isdir(path):
        parent = pathlib.Path(path).absolute().parent
        near = [str(p) for p in parent.iterdir() if p.is_dir()] if parent.is_dir() else []
        names = {os.path.relpath(p): p for p in near}
        raise UsageError(f"{where}: there is no such folder{suggest(str(path), names)}")
    raise UsageError(
        f"{where}; repeat the run's command if it has not finished, or train with "
        "--export=savedmodel"
    )
