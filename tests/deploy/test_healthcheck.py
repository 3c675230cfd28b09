"""The health check of the container tells work from standstill."""

import importlib.util

import pytest

from tests.conftest import ROOT


@pytest.fixture
def healthcheck(monkeypatch):
    """The module, without its waiting."""
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


def test_processor_time_of_others_is_counted(healthcheck):
    assert healthcheck.cpu_seconds() >= 0
