"""Settings that TensorFlow reads from the environment, once, when it is imported.

What the user has set is left alone.
"""

import glob
import hashlib
import os
import pathlib
import shutil
import sys

from tfapp.runtime import compiled_programs

LOG_LEVEL, SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"
_CACHE_BYTES = 1 << 30  # of compiled programs; the oldest are deleted beyond it
_ROOM = 1 << 28  # bytes that must be free on the disk; a program takes up to some megabytes


def cache_folder():
    """$XDG_CACHE_HOME/tfapp, ~/.cache/tfapp by default."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(root) / "tfapp"


def quiet():
    """Silences what TensorFlow's C++ code logs, except where a user has set a level.

    At its best before TensorFlow is imported.
    """
    os.environ.setdefault(LOG_LEVEL, SILENT)


def apply():
    """Applies the settings, unless TensorFlow has been imported already."""
    if "tensorflow" in sys.modules:
        return
    # TensorFlow leaves oneDNN off on processors without AVX-512, where it is faster as well: the
    # step of the small CNN and of ResNet-20 is 1.7 times as fast (two AVX2 cores).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Lets XLA use its kernel library for matrix products, in CPU programs only: the step of the MLP
    # is 2.1 times as fast at batch 1024, and as fast as before at batch 32 (two AVX2 cores).
    os.environ.setdefault(
        "XLA_FLAGS",
        "--xla_cpu_use_xnnpack=true --xla_cpu_experimental_ynn_fusion_type=LIBRARY_FUSION_TYPE_DOT",
    )
    folder = _compiled_programs()
    if "TF_XLA_FLAGS" not in os.environ and folder is not None:
        os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={folder}"


def _compiled_programs():
    """The folder for XLA's compiled programs for this processor; None if it cannot be written."""
    # A program is machine code, and different machines may share a home directory.
    folder = cache_folder() / "xla" / _hardware_key()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _drop_oldest(folder)
        compiled_programs.remove_damaged(folder)
        if shutil.disk_usage(folder).free < _ROOM:
            return None  # a program that cannot be written would end the run
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _hardware_key():
    """A short name of the processor's and the GPUs' models and of the driver's version."""
    lines = _lines("/proc/cpuinfo", ("model name", "flags"))[:2]
    for gpu in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        lines += _lines(gpu, ("Model",))
    lines += _lines("/proc/driver/nvidia/version", ("NVRM version",))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


def _lines(path, starts):
    try:
        with open(path) as file:
            return [line for line in file if line.startswith(starts)]
    except OSError:
        return []


def _drop_oldest(folder):
    files = sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > _CACHE_BYTES:
            path.unlink(missing_ok=True)
