"""Fills `Facts` from this machine."""

import configparser
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import shutil
import tempfile

from tfapp.diagnosis import host, libraries
from tfapp.diagnosis.facts import Facts, Folder, Load, Package
from tfapp.runtime import tf_settings

_VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "XLA_FLAGS",
    "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS", "TF_FORCE_GPU_ALLOW_GROWTH", "TFDS_DATA_DIR", "TF_CONFIG",
)  # fmt: skip
_UNKNOWN = Load()
_CPU_PACKAGE = "tensorflow-cpu"  # TensorFlow without CUDA, installed instead of "tensorflow"


def gather(tensorflow, *, load=_UNKNOWN, model_dir="", data_dir="", root="/", environ=os.environ):
    """The `Facts` of this machine.

    Args:
      tensorflow: a `TensorFlowReport`.
      load: a `Load`; by default one that says nothing.
      model_dir, data_dir: values of the flags; empty for the defaults.
      root: the folder that holds this machine's files.
      environ: the environment variables.
    """
    names = libraries.needed(tensorflow.cuda_version, tensorflow.cudnn_version)
    (driver_library,) = libraries.probe((libraries.DRIVER,))
    return Facts(
        host=host.probe(root, environ),
        tensorflow=tensorflow,
        load=load,
        packages=packages(),
        libraries=libraries.probe(names, _packages_folder()),
        driver_library=driver_library,
        cuda_error=libraries.cuda_error(),
        folders=folders(model_dir, data_dir, environ),
        environment=tuple((name, environ[name]) for name in _VARIABLES if name in environ),
    )


def packages(requirements=None, version=None):
    """The packages that tfapp requires, with their installed versions, as a tuple of `Package`.

    Args:
      requirements: lines like "keras>=3.15,<4"; by default tfapp's own.
      version: function from a name to its version, which raises PackageNotFoundError; by default
        it looks up installed packages.
    """
    version = version or importlib.metadata.version
    return tuple(_package(line, version) for line in requirements or _requirements())


def _package(requirement, version):
    name, tested = re.fullmatch(r"([\w.-]+)\s*(.*)", requirement).groups()
    for installed in (name, _CPU_PACKAGE) if name == "tensorflow" else (name,):
        try:
            found = version(installed)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Package(installed, found, tested, _satisfies(found, tested))
    return Package(name, "", tested, is_tested=False)


def _requirements():
    """tfapp's own requirements: from setup.cfg in a checkout, or from the installed package."""
    setup = configparser.ConfigParser()
    if setup.read(pathlib.Path(__file__).parents[2] / "setup.cfg"):
        lines = setup["options"]["install_requires"].splitlines()
    else:
        lines = importlib.metadata.requires("tfapp") or []
    return [line.strip() for line in lines if line.strip()[:1] not in ("", "#") and ";" not in line]


def _satisfies(version, specifier):
    """Whether `version` lies within `specifier` (>=2.21,<2.22)."""
    compare = {
        ">=": lambda a, b: a >= b,
        "<": lambda a, b: a < b,
        "==": lambda a, b: a == b,
    }
    for part in filter(None, specifier.split(",")):
        operator, bound = re.fullmatch(r"(>=|<|==)\s*(\S+)", part.strip()).groups()
        if not compare[operator](_numbers(version), _numbers(bound)):
            return False
    return True


def _numbers(version):
    """2.21.0rc1 to (2, 21): without trailing zeros and suffixes."""
    numbers = [int(n) for n in re.match(r"\d+(\.\d+)*", version).group().split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def folders(model_dir="", data_dir="", environ=os.environ):
    """The folders that a run writes to, as a tuple of `Folder`."""
    home = pathlib.Path("~/tensorflow_datasets").expanduser()
    wanted = {
        "runs": model_dir or "runs",
        "TFDS": data_dir or environ.get("TFDS_DATA_DIR") or home,
        "temporary files": tempfile.gettempdir(),
        "cache": tf_settings.cache_folder(),
    }
    return tuple(_folder(purpose, pathlib.Path(path)) for purpose, path in wanted.items())


def _folder(purpose, path):
    """The `Folder` at `path`, probed at its nearest existing parent if it does not exist."""
    existing = path.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    writable = existing.is_dir() and _can_write(existing)
    usage = shutil.disk_usage(existing)
    return Folder(purpose, str(path), writable, usage.free, usage.total)


def _can_write(folder):
    """Tries it: permissions do not show read-only mounts and the like."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _packages_folder():
    """The site-packages that TensorFlow is installed in, or None."""
    try:
        found = importlib.util.find_spec("tensorflow")
    except (ImportError, ValueError):
        return None
    return pathlib.Path(found.origin).parents[1] if found and found.origin else None
