"""A scheduler's signal and its time limit: the run is saved, and its command continues it."""

import json
import pathlib
import re
import signal
import time

import pytest

import tfapp
from tests.conftest import HANG_SECONDS, outcome
from tfapp.callbacks import time_limit
from tfapp.errors import Stopped
from tfapp.training.action import Action
from tfapp.training.triggers import EverySteps

ENDLESS = ("--model_dir=run", "--steps=10000000", "--export=none", "--batch_size=8")


def records(folder):
    """The lines of metrics.jsonl without the fields that depend on the clock."""
    lines = pathlib.Path(folder, "metrics.jsonl").read_text().splitlines()
    timed = ("time", "examples_per_second", "input_wait")
    return [{k: v for k, v in json.loads(line).items() if k not in timed} for line in lines]


def test_a_run_that_is_stopped_twice_ends_like_an_undisturbed_one(
    make_config, monkeypatch, tmp_path
):
    changes = {"xla": "off", "precision": "float32", "log_every": "5", "steps_per_loop": "5"}
    whole = make_config(**changes, model_dir=str(tmp_path / "whole"))
    parts = make_config(
        **changes, model_dir=str(tmp_path / "parts"), stop_signal="USR1", max_time="1h"
    )
    tfapp.run(whole)
    signal_at_10 = Action(
        EverySteps(10), lambda moment: moment.step == 10 and signal.raise_signal(signal.SIGUSR1)
    )
    with pytest.raises(Stopped) as stopped:
        tfapp.run(parts, actions=[signal_at_10])
    assert str(stopped.value) == (
        f"stopped by SIGUSR1 at step 10, saved in {parts.model_dir}; repeat the command to continue"
    )
    with monkeypatch.context() as patch, pytest.raises(Stopped) as stopped:
        patch.setattr(time_limit, "seconds_since_start", lambda: 3600.0)
        tfapp.run(parts)
    assert str(stopped.value).startswith("stopped by --max_time=1h (over after the first steps")
    assert " at step 15, saved in " in str(stopped.value)
    summary = json.loads(pathlib.Path(parts.model_dir, "summary.json").read_text())
    assert (summary["status"], summary["steps"]) == ("stopped", 15)
    tfapp.run(parts)
    assert records(parts.model_dir) == records(whole.model_dir)


@pytest.mark.slow
def test_max_time_ends_a_process_that_trains(run_main, tmp_path):
    for limit in ("15s", "60s", "240s"):  # a busy machine takes long to begin
        done = run_main(*ENDLESS, f"--max_time={limit}")
        assert done.code == 143, done.err
        if "at step " in done.err:
            break
    found = re.search(r"^tfapp: stopped by --max_time=.* at step ([0-9]+), ", done.err, re.M)
    assert (tmp_path / "run" / "checkpoints" / f"step-{int(found[1]):08d}").is_dir()


@pytest.mark.slow
def test_max_time_ends_a_process_that_does_not_train_yet(run_main):
    done = run_main(*ENDLESS, "--max_time=2s")
    assert done.code == 143, done.err
    assert done.err.splitlines()[-1] == (
        "tfapp: stopped by --max_time=2s; what was saved stays: repeat the command to continue"
    )


@pytest.mark.slow
def test_the_stop_signal_ends_a_process_at_any_time(spawn_main, tmp_path):
    """While it starts, and several times while it trains."""
    metrics = tmp_path / "run" / "metrics.jsonl"
    for begun in (lambda: (tmp_path / "run").exists(), metrics.exists):
        process = spawn_main(*ENDLESS, "--stop_signal=USR1", "--log_every=20")
        ends = time.monotonic() + HANG_SECONDS
        while not begun():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < ends, "the process hangs"
            time.sleep(0.01)
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGUSR1)
        done = outcome(process)
        assert done.code == 143, done.err
        assert "tfapp: stopped by SIGUSR1" in done.err.splitlines()[-1]
    assert "at step " in done.err.splitlines()[-1]
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))
