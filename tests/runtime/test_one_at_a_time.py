"""One process at a time does what is guarded; the lock of one that is killed is free."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.conftest import HANG_SECONDS, ROOT
from tfapp.runtime import one_at_a_time

HOLDER = """
import sys, time
from tfapp.runtime import one_at_a_time
with one_at_a_time.held(sys.argv[1], lambda: print("waiting", flush=True)):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of a file."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_it_is_taken_over_from_a_process_that_is_killed(holder, tmp_path):
    waited, taken = threading.Event(), threading.Event()

    def take():
        with one_at_a_time.held(tmp_path / "lock", waited.set):
            taken.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert waited.wait(HANG_SECONDS)
    assert not taken.is_set()
    holder.send_signal(signal.SIGKILL)
    assert taken.wait(HANG_SECONDS)
    thread.join()


def test_nobody_waits_for_a_lock_that_is_free(tmp_path):
    for _ in range(2):
        with one_at_a_time.held(tmp_path / "lock", lambda: pytest.fail("waited")):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_there_is_none(tmp_path, monkeypatch, number):
    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with one_at_a_time.held(tmp_path / "lock", lambda: None):
        pass


def test_an_error_of_the_disk_is_raised(tmp_path):
    with (
        pytest.raises(FileNotFoundError),
        one_at_a_time.held(tmp_path / "none" / "lock", lambda: None),
    ):
        pass
