"""A lock is held by one process at a time, which is named, and ends with it."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import HANG_SECONDS, ROOT
from tfapp.runtime import file_lock
from tfapp.runtime.file_lock import FileLock, HeldError, is_free

# Prints "held" and waits for a line, or says who holds the lock.
HOLD = """
import sys
from tfapp.runtime.file_lock import FileLock, HeldError
input()
try:
    lock = FileLock("lock")
except HeldError as error:
    print(error.holder, flush=True)
else:
    print("held", flush=True)
    input()
"""


@pytest.fixture
def start(tmp_path):
    """start(): a process that tries to take the lock as soon as it is given a line."""
    started = []

    def start_process():
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", HOLD], cwd=tmp_path, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        )  # fmt: skip
        return started[-1]

    yield start_process
    for process in started:
        process.kill()
        process.communicate()


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(file_lock, "_PATIENCE", 0)


def test_of_many_processes_one_has_it_and_the_others_name_it(start):
    processes = [start() for _ in range(4)]
    for process in processes:
        go(process)
    answers = {process.pid: process.stdout.readline().strip() for process in processes}
    (holder,) = [pid for pid, answer in answers.items() if answer == "held"]
    others = {answer for answer in answers.values() if answer != "held"}
    assert others == {f"process {holder} on {socket.gethostname()}"}


def test_a_killed_process_leaves_no_lock(start):
    process = start()
    go(process)
    assert process.stdout.readline() == "held\n"
    assert not is_free("lock")
    with pytest.raises(HeldError, match=f"process {process.pid} on"):
        FileLock("lock")
    process.kill()
    process.wait(HANG_SECONDS)
    assert is_free("lock")
    FileLock("lock").close()


def test_since_when(monkeypatch):
    lock = FileLock("lock")
    about = json.loads(pathlib.Path("lock").read_text())
    assert about["pid"] == os.getpid()
    about["since"] = time.mktime((2026, 1, 2, 3, 4, 5, 0, 0, -1))
    pathlib.Path("lock").write_text(json.dumps(about))
    with pytest.raises(HeldError) as caught:
        FileLock("lock")
    assert caught.value.since == "2026-01-02 03:04"
    monkeypatch.setattr(file_lock.time, "localtime", lambda *s: time.gmtime(about["since"]))
    with pytest.raises(HeldError) as caught:
        FileLock("lock")
    assert len(caught.value.since) == len("03:04")
    lock.close()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "7", "[" * 5000, "\udcff",
        '{"pid": 1}', '{"pid": "x", "host": "h", "since": 0}',
        '{"pid": 1e999, "host": "h", "since": 0}', '{"pid": 1, "host": "h", "since": 1e300}',
        json.dumps({"pid": 2**22 + 1, "host": socket.gethostname(), "since": 0}),  # has ended
        json.dumps({"pid": 10**30, "host": socket.gethostname(), "since": 0}),
        json.dumps({"pid": 0, "host": socket.gethostname(), "since": 0}),
    ],
)  # fmt: skip
def test_what_the_file_holds_is_not_believed(impatient, text):
    lock = FileLock("lock")
    pathlib.Path("lock").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(HeldError, match=r"^another process$"):
        FileLock("lock")
    lock.close()
    FileLock("lock").close()


def test_a_holder_on_another_host_is_named():
    lock = FileLock("lock")
    pathlib.Path("lock").write_text(json.dumps({"pid": 4242, "host": "other", "since": 0}))
    with pytest.raises(HeldError, match="process 4242 on other"):
        FileLock("lock")
    lock.close()


def test_what_a_dead_holder_wrote_does_not_matter():
    pathlib.Path("lock").write_text(json.dumps({"pid": 4242, "host": "other", "since": 0}))
    FileLock("lock").close()


def test_a_lock_that_is_only_looked_at_can_be_taken():
    """Another process that looks for a free folder holds each lock for a moment."""
    looking = open("lock", "wb")  # noqa: SIM115 (closed by the timer)
    file_lock.fcntl.flock(looking, file_lock.fcntl.LOCK_EX)
    timer = threading.Timer(0.1, looking.close)
    timer.start()
    FileLock("lock").close()
    timer.join()


def test_two_processes_never_hold_a_lock_whose_file_was_removed(monkeypatch):
    """A run whose start fails removes its folder, while another one waits at the old file."""
    first, flock = FileLock("lock"), file_lock.fcntl.flock
    later = []

    def discard_and_lock(descriptor, operation):
        monkeypatch.setattr(file_lock.fcntl, "flock", flock)
        os.unlink("lock")
        first.close()
        later.append(FileLock("lock"))
        return flock(descriptor, operation)

    monkeypatch.setattr(file_lock.fcntl, "flock", discard_and_lock)
    with pytest.raises(HeldError):
        FileLock("lock")
    later[0].close()


def test_a_file_system_without_locks(monkeypatch):
    def refuse(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(file_lock.fcntl, "flock", refuse)
    with pytest.raises(OSError, match="No locks available"):
        FileLock("lock")
