"""Measured choices, kept in the user's cache folder for the next run of the same kind."""

import contextlib
import hashlib
import json

from tfapp.runtime.atomic_files import write_text
from tfapp.runtime.tf_settings import cache_folder

_MOST_ENTRIES = 500


def cache_path():
    """choices.json in the user's cache folder."""
    return cache_folder() / "choices.json"


def key_of(description):
    """A key for a JSON-able description of model, shapes, devices and versions."""
    text = json.dumps(description, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def look_up(key):
    """The list of measurements kept under `key`, or None. A damaged cache is an empty one."""
    return _read().get(key)


def keep(key, measurements):
    """Remembers measurements; a folder that cannot be written only costs the next run its time."""
    entries = _read()
    entries.pop(key, None)
    entries[key] = measurements
    newest = dict(list(entries.items())[-_MOST_ENTRIES:])
    with contextlib.suppress(OSError):
        cache_path().parent.mkdir(parents=True, exist_ok=True)
        write_text(cache_path(), json.dumps(newest, indent=1))


def _read():
    try:
        value = json.loads(cache_path().read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
