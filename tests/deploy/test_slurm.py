"""deploy/slurm/train.sbatch queues a job again after a loss, and not after a mistake or scancel."""

import os
import re
import subprocess
import time

import pytest

from tests.conftest import HANG_SECONDS, ROOT
from tfapp.flag_values import STOP_SIGNALS

SCRIPT = ROOT / "deploy" / "slurm" / "train.sbatch"


def start(**environment):
    return subprocess.Popen(
        ["bash", str(SCRIPT), "--dataset=a b", "--seed=3"],
        env={**os.environ, "SLURM_JOB_ID": "17", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def requeued(stub):
    """The file with the calls of scontrol; it does not exist without any."""
    return stub("scontrol", "0")


@pytest.mark.parametrize("code", [75, 143, 137])
def test_a_lost_or_stopped_job_is_queued_again(stub, requeued, code):
    calls = stub("srun", str(code))
    process = start(SLURM_RESTART_COUNT="99")
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code
    assert requeued.read_text().endswith("/scontrol requeue 17\n")
    assert calls.read_text().endswith(
        "python -m tfapp --strategy=multi_worker --stop_signal=USR1 --dataset=a b --seed=3\n"
    )


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 6])
def test_one_that_is_done_or_mistaken_is_not(stub, requeued, code):
    stub("srun", str(code))
    process = start()
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == code
    assert not requeued.exists()


def test_restarts_are_counted(stub, requeued):
    stub("srun", "75")
    process = start(SLURM_RESTART_COUNT="100")
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 75
    assert not requeued.exists()
    assert "ended with code 75 after 100 restarts" in err


def test_a_cancelled_job_is_not_queued_again(stub, requeued):
    """scancel sends SIGTERM to the workers and to the script."""
    calls = stub("srun", "wait")
    process = start()
    ready, told = (calls.with_name(f"{calls.name}.{what}") for what in ("ready", "signals"))
    ends = time.monotonic() + HANG_SECONDS
    while not ready.exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    process.terminate()
    told.write_text("told\n")
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 143
    assert "cancelled (code 143)" in err
    assert not requeued.exists()


def test_the_signal_that_slurm_sends_is_the_one_that_is_caught():
    text = SCRIPT.read_text()
    sent = re.search(r"^#SBATCH --signal=([A-Z0-9]+)@([0-9]+)$", text, re.MULTILINE)
    assert sent[1] in STOP_SIGNALS
    assert f"--stop_signal={sent[1]} " in text
    assert re.search(r"^#SBATCH --requeue$", text, re.MULTILINE)
