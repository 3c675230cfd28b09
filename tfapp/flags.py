"""The way from a command line to a Config, and back to the flags.txt of a run's folder.

Names, types and defaults come from the fields of `Config`. Imports neither TensorFlow nor NumPy, so
that `--help` answers at once.
"""

import csv
import io
import os
import sys

from tfapp import flag_files, flag_help, flag_parsing, migrations, run_folder
from tfapp.config import FLAGS, Config
from tfapp.errors import UsageError
from tfapp.flag_values import last_of_each

_TODAY = {name: name for name in FLAGS}


def parse(argv):
    """Reads `argv` (with the program's name first) into a Config.

    `--flagfile=FILE` is replaced by the flags in the file; later flags override earlier ones. The
    flags.txt of a run that an older tfapp wrote is read as today's.

    With --mode=eval the flags of the run in --model_dir come first: it is evaluated as it was
    trained, but for the flags given.

    Raises:
      UsageError: unknown flag, unreadable value, stray argument, or what Config refuses.
    """
    config = _parse(argv)
    if config.mode != "eval":
        return config
    kept = os.path.join(config.model_dir, run_folder.FLAGS)
    if not os.path.isfile(kept):
        raise UsageError(
            f"--model_dir={config.model_dir}: is not a run's folder (no {run_folder.FLAGS})"
        )
    return _parse([argv[0], f"--flagfile={kept}", *argv[1:]])


def to_lines(config):
    """The lines of flags.txt: the version, and the flags that `--flagfile` reads back."""
    return [migrations.mark(), *_to_flags(config.resolved())]


def folder_arguments(config):
    """What `run_folder.open_run_folder` needs to know of a configuration, by name."""

    def is_same_run(path):
        return _parse(["", f"--flagfile={path}"]).resolved() == config.resolved()

    return {
        "model_dir": config.model_dir,
        "resume": config.resume,
        "dataset": config.dataset,
        "model": config.model,
        "identity": config.identity(),
        "flags": to_lines(config),
        "is_same_run": is_same_run,
    }


def _parse(argv):
    given = _given(flag_files.expanded(argv[1:], _todays_flags))
    # Items of a recipe or a run are overridden by later ones, as whole flags are.
    given.update({name: last_of_each(given[name]) for name in given if FLAGS[name].repeated})
    return Config(**given)


def _given(arguments, names=_TODAY):
    """The flags in `arguments`, name -> value, where `names` are those to be known -> today's."""
    return flag_parsing.parse(arguments, {name: FLAGS[today] for name, today in names.items()})


def _todays_flags(path, text):
    """Today's flags for those of a file that a run has written; None for any other file."""
    is_run = migrations.is_marked(text) or os.path.basename(path) == run_folder.FLAGS
    return _upgraded(path, text) if is_run else None


def _upgraded(path, text):
    """Today's flags for those in a run's flags.txt."""
    version = migrations.version_of(text)
    lines = [line for line in map(str.lstrip, text.split("\n")) if line]
    lines = [line for line in lines if not line.startswith(("#", "//"))]
    try:
        given = _given(lines, migrations.names_in(version))
    except UsageError as error:
        if not migrations.is_newer(version):
            raise
        raise UsageError(
            f"--flagfile={path}: was written by tfapp {version}, a newer tfapp than this one; "
            f"use that version ({error})"
        ) from error
    return _to_flags(migrations.upgrade(given, version))


def _to_flags(values):
    """Flags that give `values`, name -> value."""
    flags = []
    for name, value in values.items():
        if isinstance(value, bool):
            flags.append(f"--{'' if value else 'no'}{name}")
        elif FLAGS[name].repeated:
            flags.extend(f"--{name}={item}" for item in value)
        elif isinstance(value, tuple):
            flags.append(f"--{name}={_with_commas(value)}")
        else:
            flags.append(f"--{name}={value}")
    return flags


def _with_commas(items):
    """A list as a line of CSV: an item may hold a comma itself."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(items)
    return line.getvalue()


if __name__ == "__main__":
    sys.stdout.write(flag_help.markdown())
