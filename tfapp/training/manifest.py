"""A checkpoint's manifest.json: the host's numbers, and what proves that nothing is damaged.

    {"version": 2, "host": {...}, "files": {NAME: {"bytes", "sha256"}}, "sha256": ...}

`host` are the fields of a `HostState` by name; one that is missing, as an older tfapp had no such
field, has its default. The last `sha256` is that of the manifest itself. Version 1, of tfapp 0.1.0,
has neither that nor a "version".
"""

import dataclasses
import hashlib
import json
import os

from tfapp.errors import DataError
from tfapp.runtime import json_files, json_shape
from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.json_shape import NUMBERS, Each, Maybe
from tfapp.runtime.regular_files import open_regular
from tfapp.training.state import HostState

NAME = "manifest.json"
VERSION = 2
_SHAPE = {
    "host": {"step": int},
    "files": Each({"sha256": str}),
    "sha256": Maybe(str),
}
_HOST = {
    "best_value": Maybe((float, None)),
    "best_step": Maybe((int, None)),
    "evaluations_without_improvement": Maybe(int),
    "train_seconds": Maybe(float),
    "window": Maybe(Each(NUMBERS)),
    "left_out": Maybe([int]),
    "last_train": Maybe(Each((NUMBERS, None))),
    "ended": Maybe(({"reason": str, "total_steps": int}, {})),
}


class NewerFormat(DataError):
    """A manifest that a newer tfapp wrote: nothing is damaged, but this one cannot read it."""


def write(folder, host):
    """Writes the manifest of the files in `folder`, which are on the disk afterwards."""
    files = {}
    for path in sorted(folder.iterdir()):
        files[path.name] = {"bytes": path.stat().st_size, "sha256": _digest(path, sync=True)}
    manifest = {"version": VERSION, "host": host.to_json(), "files": files}
    manifest["sha256"] = _own_digest(manifest)
    write_text(folder / NAME, json.dumps(manifest, indent=1))


def read(folder, step):
    """The `HostState` of the checkpoint of `step` in `folder`, once it is proven whole.

    Raises:
      NewerFormat: a newer tfapp wrote it.
      DataError: something is missing, damaged, or belongs to another step.
    """
    try:
        return _verified(folder, step)
    except DataError:
        raise
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        reason = str(error).strip() or type(error).__name__
        raise DataError(f"{folder}: is damaged ({reason.splitlines()[0][:200]})") from error


def _verified(folder, step):
    manifest = json_files.read(folder / NAME, {"version": Maybe(int)})
    version = manifest.get("version", 1)
    if version > VERSION:
        raise _newer(folder, f"version {version} of its manifest; this one reads up to {VERSION}")
    json_shape.check(manifest, _SHAPE)
    own = manifest.pop("sha256", None)
    if (own is not None or version > 1) and own != _own_digest(manifest):
        raise DataError(f"{folder / NAME}: is damaged (checksum differs)")
    for name, expected in manifest["files"].items():
        if _digest(folder / name) != expected["sha256"]:
            raise DataError(f"{folder / name}: is damaged (checksum differs)")
    host = manifest["host"]
    if host["step"] != step:
        raise DataError(f"{folder / NAME}: is damaged (holds step {host['step']})")
    known = {field.name for field in dataclasses.fields(HostState)}
    unknown = sorted(set(host) - known)
    if unknown and version > 1:  # its checksum is right, so it was written like this
        raise _newer(folder, f"it holds {', '.join(unknown)}, which this one does not know")
    json_shape.check(host, _HOST)
    return HostState(**host)


def _newer(folder, why):
    return NewerFormat(
        f"{folder}: was written by a newer tfapp ({why}); continue with that one, or start anew in "
        "another --model_dir"
    )


def _own_digest(manifest):
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _digest(path, sync=False):
    """SHA-256 of a file; with `sync`, the file is on the disk afterwards."""
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if sync:
            os.fsync(file.fileno())
    return digest
