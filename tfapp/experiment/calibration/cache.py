"""Measured choices, kept in the user's cache folder for the next run of the same kind."""

import contextlib
import hashlib
import json
import logging

from tfapp.runtime import json_files, json_shape
from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.json_shape import ANY, Each
from tfapp.runtime.tf_settings import cache_folder

_LOG = logging.getLogger("tfapp")
_MOST_ENTRIES = 500
# The measurements of one kind of run, as far as a choice reads them, and a checksum of all of them.
_ENTRY = {"records": [{"precision": str, "xla": str, "step_ms": float}], "sum": str}


def cache_path():
    """choices.json in the user's cache folder."""
    return cache_folder() / "choices.json"


def key_of(description):
    """A key for a JSON-able description of model, shapes, devices and versions."""
    text = json.dumps(description, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def look_up(key):
    """The list of measurements kept under `key`, or None. A damaged cache is an empty one."""
    entry = _read().get(key)
    return entry["records"] if _is_sound(key, entry) else None


def keep(key, measurements):
    """Remembers measurements; a folder that cannot be written only costs the next run its time."""
    entries = _read()
    entries.pop(key, None)
    entries[key] = {"records": measurements, "sum": key_of([key, measurements])}
    newest = dict(list(entries.items())[-_MOST_ENTRIES:])
    with contextlib.suppress(OSError):
        cache_path().parent.mkdir(parents=True, exist_ok=True)
        write_text(cache_path(), json.dumps(newest, indent=1))


def _is_sound(key, entry):
    """Whether an entry holds measurements, at least one, and is what was kept under the key."""
    try:
        json_shape.check(entry, _ENTRY)
    except ValueError:
        return False
    return bool(entry["records"]) and entry["sum"] == key_of([key, entry["records"]])


def _read():
    try:
        return json_files.read(cache_path(), Each(ANY))
    except FileNotFoundError:
        return {}
    except (json_files.Damaged, OSError) as error:
        _LOG.info("cache: %s is damaged (%s); measured again", cache_path(), error)
        return {}
