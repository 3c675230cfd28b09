"""The way from a command line to a Config, and back to the flags.txt of a run's folder.

Names, types and defaults come from the fields of `Config`. Imports neither TensorFlow nor NumPy, so
that `--help` answers at once.
"""

import os
import sys

from tfapp import (
    config_checks,
    flag_help,
    flag_parsing,
    migrations,
    run_export,
    run_folder,
)
from tfapp.config import FLAGS, Config
from tfapp.errors import UsageError
from tfapp.flag_values import last_of_each
from tfapp.given import kind_of


def parse(argv):
    """Reads `argv` (with the program's name first) into a Config.

    `--flagfile=FILE` is replaced by the flags in the file; later flags override earlier ones. The
    flags.txt of a run that an older tfapp wrote is read as today's.

    With --mode=eval, export, predict and generate the flags of the run in --model_dir come first:
    data is read as it was for training, but for the flags given.

    Raises:
      UsageError: unknown flag, unreadable value, stray argument, or what Config refuses.
    """
    config = _parse(argv)
    needed = config.mode in ("eval", "export")
    # Prediction needs nothing but an export; where there are flags, it reads files as the run did.
    if not needed and (
        config.mode not in config_checks.OF_EXPORTS or not _flags_of(config.model_dir)
    ):
        return config
    return _parse([argv[0], _flagfile_of(config.model_dir), *argv[1:]])


def of_run(model_dir, fields):
    """The Config of a run, with other values for some fields: name -> value.

    Raises:
      UsageError: there is no such run, or Config refuses a value.
    """
    given = _given([_flagfile_of(model_dir)])
    return Config(**{**given, "model_dir": model_dir, **fields})


def _flagfile_of(model_dir):
    """The --flagfile of the flags of a run. Raises UsageError if there is no such run."""
    kept = _flags_of(model_dir)
    if not kept:
        raise UsageError(f"--model_dir={model_dir}: is not a run's folder (no {run_folder.FLAGS})")
    return f"--flagfile={kept}"


def _flags_of(model_dir):
    """The path of a run's flags.txt; "" if it has none."""
    kept = os.path.join(model_dir, run_folder.FLAGS)
    return kept if os.path.isfile(kept) else ""


def to_lines(config):
    """The lines of flags.txt: the version, and the flags that `--flagfile` reads back."""
    return [migrations.mark(), *flag_parsing.to_arguments(config.resolved(), FLAGS)]


def folder_arguments(config):
    """What `run_folder.open_run_folder` needs to know of a configuration, by name."""

    def is_same_run(path, version):
        theirs = _parse(["", f"--flagfile={path}"])
        return theirs.resolved() == migrations.as_begun_by(version, config).resolved()

    return {
        "model_dir": config.model_dir,
        "resume": config.resume,
        "dataset": kind_of(config.dataset),
        "model": kind_of(config.model),
        "identity": lambda version: migrations.as_begun_by(version, config).identity(),
        "flags": to_lines(config),
        "is_same_run": is_same_run,
    }


def _parse(argv):
    given = _given(argv[1:])
    # Items of a recipe or a run are overridden by later ones, as whole flags are.
    given.update({name: last_of_each(given[name]) for name in given if FLAGS[name].repeated})
    _check_run(given.get("mode"), given.get("model_dir", ""))
    return Config(**given)


def _check_run(mode, model_dir):
    """Names a run that is missing before anything else. Raises UsageError."""
    config_checks.check_names_run(mode, model_dir)
    if mode in ("eval", "export"):
        _flagfile_of(model_dir)
    elif mode == "serve" or mode in config_checks.OF_EXPORTS:
        run_export.check_export(model_dir)


def _given(arguments):
    """The flags in `arguments`, name -> value."""
    return flag_parsing.parse(arguments, FLAGS, _todays_flags)


def _todays_flags(path, text):
    """Today's flags for those of a file that a run has written; None for any other file."""
    is_run = migrations.is_marked(text) or os.path.basename(path) == run_folder.FLAGS
    return _upgraded(path, text) if is_run else None


def _upgraded(path, text):
    """Today's flags for those in a run's flags.txt."""
    version = migrations.version_of(text)
    lines = [line for line in map(str.lstrip, text.split("\n")) if line]
    lines = [line for line in lines if not line.startswith(("#", "//"))]
    flags = {name: FLAGS[today] for name, today in migrations.names_in(version).items()}
    try:
        given = flag_parsing.parse(lines, flags)
    except UsageError as error:
        if not migrations.is_newer(version):
            raise
        raise UsageError(
            f"--flagfile={path}: was written by tfapp {version}, a newer tfapp than this one; "
            f"use that version ({error})"
        ) from error
    return flag_parsing.to_arguments(migrations.upgrade(given, version), FLAGS)


if __name__ == "__main__":
    sys.stdout.write(flag_help.markdown())
