"""Reports how many cases were tried."""

import pytest

from tests.fuzz import running


def pytest_terminal_summary(terminalreporter):
    for name, count in sorted(running.EXECUTIONS.items()):
        terminalreporter.write_line(f"fuzz: {name}: {count} cases, {running.REFUSED[name]} refused")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """The cache of each test is empty at first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
