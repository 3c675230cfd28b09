"""Damaged and hostile files: each is read, or refused in one line; nothing crashes or hangs."""

import os
import subprocess
import sys

import pytest

from tests.conftest import HANG_SECONDS, ROOT
from tests.fuzz import running
from tests.fuzz.families import DEAR, FAMILIES

FEW, MANY, MANY_DEAR = 12, 100, 10


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - set(DEAR)))
def test_a_few_cases(name):
    strategy, body = FAMILIES[name]
    running.run(name, strategy(), body, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_many_cases(name, tmp_path):
    """In a process of its own, so that a crash is seen and the case that caused it is kept."""
    count = MANY_DEAR if name in DEAR else MANY
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.families", name, str(count), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=6 * HANG_SECONDS,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{tmp_path / 'case'}: {done.stderr[-4000:]}"
