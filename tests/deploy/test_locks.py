"""The lock files satisfy setup.cfg; the one for images with TensorFlow does not contain it."""

import importlib.metadata
import re

import pytest

from tests.conftest import ROOT
from tfapp.diagnosis import gather


def locked(name):
    """The packages of a lock file, as a dict of normalised name to versions."""
    found = {}
    lines = (ROOT / "deploy" / name).read_text().splitlines()
    for package, version in re.findall(r"^([\w.-]+)==([\w.]+)", "\n".join(lines), re.MULTILINE):
        found.setdefault(package, []).append(version)
    return found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-cuda.lock"])
def test_the_lock_satisfies_setup_cfg(name):
    found = locked(name)

    def version(package):
        versions = found.get(package.lower().replace("_", "-"))
        if not versions:
            raise importlib.metadata.PackageNotFoundError(package)
        return versions[0]

    outdated = [
        package.name for package in gather.packages(version=version) if not package.is_tested
    ]
    assert outdated == (["tensorflow"] if name == "requirements.lock" else [])


def test_the_lock_without_tensorflow_replaces_nothing_of_it():
    found = locked("requirements.lock")
    assert not [name for name in found if name.startswith(("nvidia", "tensorflow-cpu"))]
    assert "tensorflow" not in found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-cuda.lock"])
def test_every_package_has_hashes(name):
    entries = re.split(r"\n(?=\w)", (ROOT / "deploy" / name).read_text())
    packages = [entry for entry in entries if "==" in entry.partition("\n")[0]]
    assert len(packages) > 30
    assert all("--hash=sha256:" in entry for entry in packages)
