"""The run's folder: its name, its owner, what it is bound to, and the small files in it."""

import contextlib
import fcntl
import json
import os
import pathlib
import re

import tfapp
from tfapp import migrations
from tfapp.errors import DataError, StorageError, UsageError
from tfapp.flag_values import number_of_name
from tfapp.runtime import strict_json
from tfapp.runtime.atomic_files import is_unfinished, write_text

# Files and folders of a run.
FLAGS = "flags.txt"
IDENTITY = "identity.json"
ENVIRONMENT = "environment.json"
PREPROCESSING = "preprocessing.json"
DATA = "data.json"
CHOICES = "choices.json"
TEMPERATURE = "temperature.json"
LEARNING_RATES = "learning_rates.json"
BAD_EXAMPLES = "bad_examples.jsonl"
METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
CHECKPOINTS = "checkpoints"
EXPORT = "export"
SUMMARY = "summary.json"
_LOCK = ".lock"
# What a run writes before its first step.
_EARLY = (
    FLAGS, IDENTITY, ENVIRONMENT, PREPROCESSING, DATA, CHOICES, LEARNING_RATES, BAD_EXAMPLES, _LOCK,
)  # fmt: skip


class _Taken(UsageError):
    """Another process holds the folder."""


class RunFolder:
    """One run's folder, held by this process from `open_run_folder` to `close`."""

    def __init__(self, path, lock, *, is_new, made=()):
        """`made`: folders that this process made for it, the innermost first."""
        self.path = pathlib.Path(path)
        self.is_new = is_new  # nothing was in it before this process
        self.version = tfapp.__version__  # of the tfapp that began the run
        self._lock = lock
        self._made = made

    def write_json(self, name, value):
        """Replaces the file `name` by `value` as JSON. Raises StorageError."""
        self._write(name, strict_json.dumps(value, indent=1) + "\n")

    def read_json(self, name):
        """The value of the file `name`, or None if it is not there. Raises DataError."""
        return read_json(self.path / name)

    def write_flags(self, lines):
        """Writes flags.txt. Raises StorageError."""
        self._write(FLAGS, "\n".join(lines) + "\n")

    def close(self):
        """Lets other processes have the folder. Can be called again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def discard(self):
        """Removes the folder again if it is new: for a run that failed before its first step."""
        if self.is_new:
            for name in _EARLY:
                (self.path / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something else is in there: not ours to remove
                for path in self._made:
                    path.rmdir()
        self.close()

    def _write(self, name, text):
        try:
            write_text(self.path / name, text)
        except OSError as error:
            raise StorageError(f"{self.path / name}: {error.strerror}") from error


def read_json(path):
    """The JSON file at `path`, or None if it is not there. Raises DataError if it is damaged."""
    try:
        return json.loads(pathlib.Path(path).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({str(error)[:100]})") from error


def open_run_folder(*, model_dir, resume, dataset, model, identity, flags, is_same_run):
    """Chooses, makes and locks the run's folder.

    Args:
      model_dir: its path; empty: an interrupted run's, or a new runs/DATASET-MODEL-N.
      resume: "auto", "never" or "must": whether a folder with a run in it is continued.
      dataset: value of --dataset, for the name of a new folder.
      model: value of --model, likewise.
      identity: called with the version of tfapp that began the run; what the folder is bound to,
        name of a field -> value.
      flags: lines of flags.txt. A new folder gets them before anything else: by them a command
        that is repeated finds it, wherever the first one was killed.
      is_same_run: called with the path of an interrupted run's flags.txt and the version that
        began it; whether repeating this command continues that run. It may raise an OSError or
        ValueError for a file that it cannot read, which then belongs to another run.

    Raises:
      UsageError: the folder belongs to another configuration or process, or --resume forbids it.
      DataError: the folder's identity.json is damaged.
      StorageError: it cannot be made or written.
    """
    while True:
        path = model_dir or _default_path(dataset, model, resume, identity, is_same_run)
        try:
            return _open(pathlib.Path(path), resume, identity, flags)
        except _Taken:
            if model_dir:
                raise  # otherwise another process was faster, and the next number is free


def _open(path, resume, identity, flags):
    """Makes, locks and binds the folder at `path`. Raises as `open_run_folder` does."""
    if resume == "must" and not (path / CHECKPOINTS).is_dir():
        raise UsageError(f"--resume=must: {path} holds no checkpoints")
    occupied = path.is_dir() and bool(_contents(path))
    if occupied and resume == "never":
        raise UsageError(f"--resume=never: {path} is not empty; name another --model_dir")
    if occupied and not (path / FLAGS).exists() and not _is_begun(path):
        raise UsageError(f"--model_dir={path}: is not empty and not a run's folder; name another")
    made = [p for p in (path, *path.parents) if not p.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise StorageError(f"--model_dir={path}: {error.strerror}") from error
    folder = RunFolder(path, lock, is_new=not occupied, made=made)
    try:
        _bind(folder, identity, flags)
    except BaseException:
        folder.close()
        raise
    return folder


def read_run_folder(path):
    """An existing run's folder, for reading: it may be in use. Raises UsageError."""
    if not (pathlib.Path(path) / CHECKPOINTS).is_dir():
        raise UsageError(f"--model_dir={path}: holds no checkpoints")
    return RunFolder(path, None, is_new=False)


def _bind(folder, identity, flags):
    """Binds a new folder to this configuration, or compares an older one with it."""
    for path in folder.path.iterdir():
        if is_unfinished(path.name):
            path.unlink()
    kept = folder.read_json(IDENTITY)
    folder.version = migrations.version_of_identity(kept)
    mine = identity(folder.version)
    if kept is not None:
        _check_identity(folder, mine, kept)
    if not (folder.path / FLAGS).exists():
        folder.write_flags(flags)
    if kept is None:
        folder.write_json(IDENTITY, migrations.identity_to_json(mine))


def _check_identity(folder, mine, kept):
    """Compares the configuration `mine` with what identity.json holds. Raises UsageError."""
    theirs = migrations.identity_from_json(kept, folder.path / IDENTITY)
    different = [name for name in mine if mine[name] != theirs[name]]
    if different:
        name = different[0]
        raise UsageError(
            f"--model_dir={folder.path}: belongs to a run with "
            f"--{name}={_shown(theirs[name])}, not {_shown(mine[name])}; name another folder "
            "or use its flags"
        )


def _shown(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def _lock(path):
    """A file lock that goes with the process. Raises UsageError if another process holds it."""
    descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise _Taken(f"--model_dir={path}: another process is training there") from error
    return descriptor


def _contents(path):
    """Names of what is in a folder, apart from the lock and what a killed write left."""
    names = {p.name for p in path.iterdir()}
    return {name for name in names if name != _LOCK and not is_unfinished(name)}


def _is_begun(path):
    """Whether a folder holds nothing but what a start writes before its first step."""
    return _contents(path) <= set(_EARLY)


def _default_path(dataset, model, resume, identity, is_same_run):
    """runs/DATASET-MODEL-N, or runs/DATASET-N with --model=auto.

    N is that of an interrupted run of the same configuration, or the next free number.
    """
    stem = _tail(dataset)
    if model != "auto":
        stem += f"-{_tail(model)}"
    root = pathlib.Path("runs")
    numbers = _numbers(root, stem)
    if resume != "never":
        for number in sorted(numbers, reverse=True):
            path = root / f"{stem}-{number}"
            if _is_interrupted(path, identity, is_same_run):
                return path
    return root / f"{stem}-{max(numbers, default=0) + 1}"


def _tail(name):
    """The last part of a name: `folder:/data/cats` is cats, `my.module:Net` is Net.

    Parts of a pattern do not count: `csv:/data/adult/*.csv` is adult.
    """
    parts = [part for part in re.split("[/:]", name) if part and not set("*?[") & set(part)]
    return re.sub(r"[^A-Za-z0-9.]+", "_", parts[-1]).strip("_.") or "data"


def _numbers(root, stem):
    names = [p.name for p in root.iterdir()] if root.is_dir() else []
    tails = [name.removeprefix(f"{stem}-") for name in names if name.startswith(f"{stem}-")]
    return [number for number in map(number_of_name, tails) if number is not None]


def _is_interrupted(path, identity, is_same_run):
    """True for an unfinished run of this configuration that no process holds."""
    with contextlib.suppress(OSError, ValueError):
        if not (path / FLAGS).exists():
            return _is_begun(path) and _is_same_identity(path, identity) and _is_free(path)
        summary = read_json(path / SUMMARY)
        if summary is not None and summary.get("status") == "done":
            return False
        version = migrations.version_of_identity(read_json(path / IDENTITY))
        return is_same_run(path / FLAGS, version) and _is_free(path)
    return False


def _is_same_identity(path, identity):
    """Whether a folder is bound to the configuration at hand, or to none yet."""
    kept = read_json(path / IDENTITY)
    if kept is None:
        return True
    theirs = migrations.identity_from_json(kept, path)
    return identity(migrations.version_of_identity(kept)).items() <= theirs.items()


def _is_free(path):
    """Whether no process holds the folder."""
    try:
        with open(path / _LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # as in a copy of the folder
        return True
    except OSError:
        return False
    return True
