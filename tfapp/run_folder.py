"""The run's folder: its name, its owner, what it is bound to, and the small files in it."""

import contextlib
import pathlib
import re

import tfapp
from tfapp import migrations
from tfapp.errors import DataError, StorageError, UsageError
from tfapp.flag_values import number_of_name
from tfapp.runtime import json_files, storage, strict_json
from tfapp.runtime.atomic_files import is_unfinished, write_text
from tfapp.runtime.file_lock import FileLock, HeldError, is_free

# Files and folders of a run.
FLAGS = "flags.txt"
IDENTITY = "identity.json"
ENVIRONMENT = "environment.json"
PREPROCESSING = "preprocessing.json"
DATA = "data.json"
CHOICES = "choices.json"
ADJUSTMENTS = "adjustments.json"
LEARNING_RATES = "learning_rates.json"
BAD_EXAMPLES = "bad_examples.jsonl"
METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"
CHECKPOINTS = "checkpoints"
EXPORT = "export"
SUMMARY = "summary.json"
_LOCK = ".lock"
# What to do when one of them is damaged.
_REMEDIES = {
    PREPROCESSING: "restore it from a copy, or start anew in another --model_dir",
    DATA: "remove it, and the data is taken as it is",
    CHOICES: "remove it, and precision and placement are chosen again",
    SUMMARY: "remove it, and the run ends again from its last checkpoint",
}
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
        self.shown = str(path)  # where the run is, for messages
        self.is_new = is_new  # nothing was in it before this process
        self.version = tfapp.__version__  # of the tfapp that began the run
        self._lock = lock
        self._made = made

    def write_json(self, name, value):
        """Replaces the file `name` by `value` as JSON. Raises StorageError."""
        self._write(name, strict_json.dumps(value, indent=1) + "\n")

    def read_json(self, name, shape):
        """The value of the file `name`, or None if it is not there.

        Args:
          shape: what it must look like, see `runtime.json_shape`.

        Raises:
          DataError: it is damaged.
        """
        return read_json(self.path / name, shape)

    def write_flags(self, lines):
        """Writes flags.txt. Raises StorageError."""
        self._write(FLAGS, "\n".join(lines) + "\n")

    def close(self):
        """Lets other processes have the folder. Can be called again."""
        if self._lock is not None:
            self._lock.close()
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
            with storage.writing(self.path / name):
                write_text(self.path / name, text)
        except OSError as error:
            raise StorageError(f"{self.path / name}: {error.strerror}") from error


def damaged(path, reason):
    """The DataError of a file in a run's folder that is not what tfapp wrote."""
    remedy = _REMEDIES.get(path.name, "restore it from a copy, or name another --model_dir")
    return DataError(f"{path}: cannot be read ({reason[:200]}); {remedy}")


def read_json(path, shape):
    """The value of the file at `path`; see `RunFolder.read_json`."""
    try:
        return json_files.read(path, shape)
    except FileNotFoundError:
        return None
    except json_files.Damaged as error:
        raise damaged(path, str(error)) from error
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error


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
    if not (path / _LOCK).exists():  # otherwise, who trains there comes first
        _check_usable(path, resume)
    made = [p for p in (path, *path.parents) if not p.exists()]
    lock = _lock(path)
    try:
        # Only now is it certain that no other process is changing what is in there.
        _check_usable(path, resume)
        folder = RunFolder(path, lock, is_new=not _contents(path), made=made)
        _bind(folder, identity, flags)
    except BaseException:
        lock.close()
        raise
    return folder


def _check_usable(path, resume):
    """Raises UsageError if the folder at `path`, which need not exist, cannot be the run's."""
    if resume == "must" and not (path / CHECKPOINTS).is_dir():
        raise UsageError(f"--resume=must: {path} holds no checkpoints")
    occupied = path.is_dir() and bool(_contents(path))
    if occupied and resume == "never":
        raise UsageError(f"--resume=never: {path} is not empty; name another --model_dir")
    if occupied and not (path / FLAGS).exists() and not _is_begun(path):
        raise UsageError(f"--model_dir={path}: is not empty and not a run's folder; name another")


def read_run_folder(path, *, alone=False):
    """An existing run's folder; others may train in it unless `alone`. Raises UsageError."""
    if not (pathlib.Path(path) / CHECKPOINTS).is_dir():
        raise UsageError(f"--model_dir={path}: holds no checkpoints")
    return RunFolder(path, _lock(pathlib.Path(path)) if alone else None, is_new=False)


def _bind(folder, identity, flags):
    """Binds a new folder to this configuration, or compares an older one with it."""
    for path in folder.path.iterdir():
        if is_unfinished(path.name):
            path.unlink()
    kept = folder.read_json(IDENTITY, migrations.IDENTITY)
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
    """Makes the folder at `path` and locks it. Raises _Taken or StorageError."""
    while True:
        try:
            with storage.writing(path, flag="model_dir", remedy="name another"):
                path.mkdir(parents=True, exist_ok=True)
                return FileLock(path / _LOCK)
        except HeldError as error:
            since = f" since {error.since}" if error.since else ""
            raise _Taken(
                f"--model_dir={path}: {error.holder} has been training there{since}; wait for it, "
                "stop it, or name another folder"
            ) from error
        except FileNotFoundError:  # a process whose start failed has removed the folder
            continue
        except OSError as error:
            raise StorageError(f"--model_dir={path}: {error.strerror}") from error


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
    """`folder:/data/cats` -> cats, `my.module:Net` -> Net, and `csv:/data/adult/*.csv` -> adult."""
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
            return _is_begun(path) and _is_same_identity(path, identity) and is_free(path / _LOCK)
        summary = read_json(path / SUMMARY, {"status": str})
        if summary is not None and summary["status"] == "done":
            return False
        kept = read_json(path / IDENTITY, migrations.IDENTITY)
        version = migrations.version_of_identity(kept)
        return is_same_run(path / FLAGS, version) and is_free(path / _LOCK)
    return False


def _is_same_identity(path, identity):
    """Whether a folder is bound to the configuration at hand, or to none yet."""
    kept = read_json(path / IDENTITY, migrations.IDENTITY)
    if kept is None:
        return True
    theirs = migrations.identity_from_json(kept, path)
    return identity(migrations.version_of_identity(kept)).items() <= theirs.items()
