"""deploy/shell/train.sh starts a worker again after a loss, and not after a mistake or a stop."""

import os
import signal
import subprocess
import time

import pytest

from tests.conftest import HANG_SECONDS, ROOT

SCRIPT = ROOT / "deploy" / "shell" / "train.sh"
WORKERS = "10.0.0.1:8888,10.0.0.2:8888"


def start(*flags, **environment):
    return subprocess.Popen(
        ["bash", str(SCRIPT), *flags],
        env={**os.environ, "WORKERS": WORKERS, "WORKER": "1", "PAUSE": "0", **environment},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a shell gives to each command
    )


def run(*flags, **environment):
    """(exit code, what it printed)."""
    process = start(*flags, **environment)
    _, err = process.communicate(timeout=HANG_SECONDS)
    return process.returncode, err


def test_it_starts_again_until_the_training_is_done(stub):
    calls = stub("python", "75 143 137 0")
    code, err = run("--dataset=a b", "--seed=3")
    assert code == 0
    lines = calls.read_text().splitlines()
    assert len(lines) == 4
    assert set(lines) == {
        f"{calls.parent}/bin/python -m tfapp --strategy=multi_worker --workers={WORKERS} "
        "--worker=1 --dataset=a b --seed=3"
    }
    assert "train.sh: worker 1 ended with code 75: restart 1 of 20 in 0 s" in err


@pytest.mark.parametrize("mistake", [1, 2, 3, 4, 5, 6])
def test_a_mistake_is_not_repeated(stub, mistake):
    calls = stub("python", f"75 {mistake} 0")
    code, err = run()
    assert (code, len(calls.read_text().splitlines())) == (mistake, 2)
    assert f"ended with code {mistake}, which starting it again would not mend" in err


def test_restarts_are_counted(stub):
    calls = stub("python", "75 75 75 0")
    code, err = run(RESTARTS="2")
    assert (code, len(calls.read_text().splitlines())) == (75, 3)
    assert "ended with code 75 after 2 restarts" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_passed_on_once_and_waited_for(stub, number):
    calls = stub("python", "wait 0")
    process = start()
    ready, told = (calls.with_name(f"{calls.name}.{what}") for what in ("ready", "signals"))
    ends = time.monotonic() + HANG_SECONDS
    while not ready.exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    os.killpg(process.pid, number)  # as a terminal does
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 143
    assert "train.sh: worker 1 stopped with code 143" in err
    assert len(calls.read_text().splitlines()) == 1
    assert told.read_text() == "told\n"


@pytest.mark.parametrize("name", ["WORKERS", "WORKER"])
def test_what_is_missing_is_named(stub, name):
    calls = stub("python", "0")
    code, err = run(**{name: ""})
    assert code != 0
    assert f"{name}: the " in err
    assert not calls.exists()
