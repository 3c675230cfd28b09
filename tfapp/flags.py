"""The way from a command line to a Config, and back to the flags.txt of a run's folder.

Names, types and defaults come from the fields of `Config`. Imports neither TensorFlow nor NumPy, so
that `--help` answers at once.
"""

import csv
import io
import os

from absl import flags as absl_flags

from tfapp import flag_help, migrations, run_folder
from tfapp.config import FLAGS, Config
from tfapp.errors import UsageError
from tfapp.flag_values import last_of_each
from tfapp.registry import suggest
from tfapp.runtime.regular_files import open_regular

_FLAGFILE = ("--flagfile", "-flagfile")
_TODAY = {name: name for name in FLAGS}
_DEFINE = {
    bool: absl_flags.DEFINE_bool,
    int: absl_flags.DEFINE_integer,
    float: absl_flags.DEFINE_float,
    str: absl_flags.DEFINE_string,
    tuple: absl_flags.DEFINE_list,
}


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
    if not os.path.isfile(kept):  # a pipe is none either
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
    given = _given([argv[0], *_with_runs_upgraded(argv[1:])])
    # Items of a recipe or a run are overridden by later ones, as whole flags are.
    given.update({name: last_of_each(given[name]) for name in given if FLAGS[name].repeated})
    return Config(**given)


def _given(argv, names=_TODAY):
    """The flags in `argv`, name -> value, where `names` are those to be known -> today's."""
    values = absl_flags.FlagValues()
    for name, today in names.items():
        default = FLAGS[today].default
        define = absl_flags.DEFINE_multi_string if FLAGS[today].repeated else _DEFINE[type(default)]
        initial = list(default) if isinstance(default, tuple) else default
        define(name, initial, FLAGS[today].meaning, flag_values=values)
    try:
        rest = values(list(argv), known_only=False)
    except absl_flags.UnrecognizedFlagError as error:
        name = error.flagname
        raise UsageError(f"--{name}: unknown flag{suggest(name, names)} (see --help)") from error
    except absl_flags.CantOpenFlagFileError as error:
        raise UsageError(f"--flagfile: {error}") from error
    except absl_flags.Error as error:
        raise UsageError(" ".join(str(error).split())) from error
    if len(rest) > 1:
        raise UsageError(f"{rest[1]!r}: not a flag; flags are written --name=value (see --help)")
    given = {name: values[name].value for name in names if values[name].present}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}


def _with_runs_upgraded(arguments):
    """`arguments` with today's flags in place of each --flagfile that a run has written."""
    left, result = list(arguments), []
    while left:
        argument = left.pop(0)
        name, equals, path = argument.partition("=")
        if name in _FLAGFILE and not equals and left:
            path = left.pop(0)
            argument = f"{name}={path}"
        path = os.path.expanduser(path.strip()) if name in _FLAGFILE else path
        text = _read_run_flags(path) if name in _FLAGFILE else None
        result.extend([argument] if text is None else _upgraded(path, text))
    return result


def _read_run_flags(path):
    """The text of the flags.txt of a run; None if the file is none, or cannot be read.

    Raises:
      UsageError: it is not UTF-8.
    """
    try:
        # What a pipe holds can be read once only, and is left to absl.
        with open_regular(path) as file:
            text = file.read().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"--flagfile={path}: is not UTF-8 text; save it as UTF-8") from error
    except (OSError, ValueError):  # a NUL in the name
        return None
    is_run = migrations.is_marked(text) or os.path.basename(path) == run_folder.FLAGS
    return text if is_run else None


def _upgraded(path, text):
    """Today's flags for those in a run's flags.txt."""
    version = migrations.version_of(text)
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    lines = [line for line in lines if not line.startswith(("#", "//"))]
    try:
        given = _given(["", *lines], migrations.names_in(version))
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
    """One list for absl, which reads it as a line of CSV: an item may hold a comma itself."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(items)
    return line.getvalue()


if __name__ == "__main__":
    print(flag_help.markdown(), end="")
