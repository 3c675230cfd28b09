"""What a run runs on: versions, devices, commit, command (environment.json)."""

import importlib.metadata
import os
import platform
import subprocess
import sys

import tensorflow as tf

import tfapp
from tfapp.runtime.host import processor

_PACKAGES = ("tensorflow", "keras", "tensorflow-datasets", "numpy", "absl-py")


def describe():
    """A dict that can be written as JSON."""
    return {
        "command": sys.argv,
        "folder": os.getcwd(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cpu_count": os.cpu_count(),
        # An editable installation may hold the metadata of an older tfapp.
        "packages": {"tfapp": tfapp.__version__, **{name: version(name) for name in _PACKAGES}},
        "devices": [_device(d) for d in tf.config.list_physical_devices()],
        "commit": _commit(),
    }


def version(name):
    """The version of an installed package; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device(device):
    details = tf.config.experimental.get_device_details(device)
    return {"name": device.name, **{k: str(v) for k, v in details.items()}}


def _commit():
    """The commit of the working directory's repository, or None outside of one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
