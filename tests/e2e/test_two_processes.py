"""Two processes that start in one folder at once: one trains, the other names it."""

import re
import time

import pytest

from tests.conftest import HANG_SECONDS, outcome


@pytest.mark.slow
def test_one_trains_and_the_other_names_it(spawn_main):
    command = ["--model_dir=run", "--steps=10000000", "--export=none", "--batch_size=8"]
    processes = [spawn_main(*command) for _ in range(2)]
    ends = time.monotonic() + HANG_SECONDS
    while all(process.poll() is None for process in processes) and time.monotonic() < ends:
        time.sleep(0.1)
    ended, other = sorted(processes, key=lambda process: process.poll() is None)
    assert other.poll() is None
    done = outcome(ended)
    assert done.code == 2
    assert re.search(
        rf"^tfapp: --model_dir=run: process {other.pid} on \S+ has been training there since "
        r"\d\d:\d\d; wait for it, stop it, or name another folder$",
        done.err,
        re.MULTILINE,
    )
    assert done.err.count("\n") == 1
