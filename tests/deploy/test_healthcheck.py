"""The container's health check distinguishes busy processes from idle ones."""

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.fixture
def healthcheck(monkeypatch):
    """The module, without its waits."""
    found = importlib.util.spec_from_file_location("healthcheck", ROOT / "deploy/healthcheck.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return module


@pytest.mark.parametrize("used, code", [(0.0, 1), (0.04, 1), (0.06, 0), (9.0, 0)])
def test_health_is_processor_time(healthcheck, monkeypatch, capsys, used, code):
    readings = iter([100.0, 100.0 + used])
    monkeypatch.setattr(healthcheck, "cpu_seconds", lambda: next(readings))
    assert healthcheck.main() == code
    assert "of one core" in capsys.readouterr().out


@pytest.fixture
def proc(healthcheck, monkeypatch, tmp_path):
    """A /proc that shows the processes it is given, so that no other one counts."""
    monkeypatch.setattr(healthcheck, "PROC", tmp_path)
    return tmp_path


def test_processor_time_of_other_processes_is_counted(healthcheck, proc):
    (proc / "self").symlink_to("/proc/self")
    (proc / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
    assert healthcheck.cpu_seconds() == 0.0  # its own does not count
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint('burnt', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "burnt\n"
        (proc / str(other.pid)).symlink_to(f"/proc/{other.pid}")
        assert healthcheck.cpu_seconds() >= 0.25
        other.communicate("\n")
    assert healthcheck.cpu_seconds() == 0.0  # one that has ended is passed over
