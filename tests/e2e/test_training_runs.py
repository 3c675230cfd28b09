"""Training as a user starts it: the default run, interrupted runs, and the user's own parts."""

import json
import pathlib
import signal
import subprocess
import time

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tests.conftest import HANG_SECONDS, outcome, start_main


@pytest.fixture(scope="module")
def default_run(tfds_folder, cache_folder, tmp_path_factory):
    """main.py without flags, in a process of its own: its `Outcome` and its working directory."""
    del tfds_folder, cache_folder  # only have to exist
    folder = tmp_path_factory.mktemp("default")
    return outcome(start_main(folder)), folder


@pytest.fixture
def uninterrupted(default_run):
    """The folder of the default run."""
    return default_run[1] / "runs" / "digits-mlp-1"


def records(folder, split):
    """Records of metrics.jsonl without the fields that depend on the clock."""
    lines = map(json.loads, (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines())
    timed = ("time", "examples_per_second", "input_wait")
    return [
        {k: v for k, v in line.items() if k not in timed}
        for line in lines
        if line["split"] == split
    ]


def weights(folder):
    """Every variable of the newest checkpoint."""
    newest = max(pathlib.Path(folder, "checkpoints").glob("step-*"))
    reader = tf.train.load_checkpoint(str(newest / "variables"))
    names = reader.get_variable_to_shape_map()  # the object graph holds Keras's names
    return {n: reader.get_tensor(n) for n in names if n != "_CHECKPOINTABLE_OBJECT_GRAPH"}


def test_the_default_run(default_run):
    """Without flags, on a new machine: real data, a served model, and what a user sees."""
    done, folder = default_run
    assert done.code == 0, done.err
    run = folder / "runs" / "digits-mlp-1"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "done"
    assert summary["metrics"]["test"]["accuracy"] >= 0.97
    assert f"test        loss {summary['metrics']['test']['loss']:.4f}" in done.out
    assert "runs/digits-mlp-1/export/1" in done.out
    assert (run / "export" / "1" / "saved_model.pb").is_file()
    assert "\r" not in done.err  # not a terminal: plain lines
    assert "Traceback" not in done.err
    for name in ("flags.txt", "environment.json", "metrics.jsonl", "tensorboard/train"):
        assert (run / name).exists(), name
    for key in ("steps", "best", "examples_per_second", "step_ms", "engine", "xla", "replicas"):
        assert summary[key] not in (None, ""), key
    environment = json.loads((run / "environment.json").read_text())
    assert environment["packages"]["tensorflow"] == tf.__version__
    assert [p.name for p in (folder / "runs").iterdir()] == ["digits-mlp-1"]


def wait_for(condition, process):
    end = time.monotonic() + HANG_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "the process hangs"
        time.sleep(0.005)


def test_a_stopped_and_killed_run_ends_like_an_uninterrupted_one(
    spawn_main, run_main, tmp_path, uninterrupted
):
    flags = ("--model_dir=run", "--steps_per_loop=3", "--checkpoint_every=300")
    folder = tmp_path / "run"
    metrics = folder / "metrics.jsonl"

    process = spawn_main(*flags)
    wait_for(lambda: metrics.exists() and metrics.stat().st_size, process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 143, err
    assert "tfapp: stopped by SIGTERM at step " in err.splitlines()[-1]
    assert "repeat the command to continue" in err.splitlines()[-1]
    assert json.loads((folder / "summary.json").read_text())["status"] == "stopped"
    stopped_at = max(int(p.name[5:]) for p in (folder / "checkpoints").glob("step-*"))
    assert 0 < stopped_at < 2000

    process = spawn_main(*flags)
    later = f"step-{(stopped_at // 300 + 2) * 300:08d}"
    wait_for(lambda: (folder / "checkpoints" / later).exists(), process)
    process.kill()
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert f"resume: from step {stopped_at} " in err
    with open(metrics, "a") as file:
        file.write('{"step": 17')  # a crash of the machine may leave this

    done = run_main(*flags)
    assert done.code == 0, done.err
    assert "resume: from step " in done.err
    for split in ("train", "validation"):
        steps = [record["step"] for record in records(folder, split)]
        assert steps == sorted(set(steps))
        assert records(folder, split) == records(uninterrupted, split)
    mine, theirs = weights(folder), weights(uninterrupted)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        assert np.array_equal(value, theirs[name]), name
    summary, expected = (
        json.loads((run / "summary.json").read_text()) for run in (folder, uninterrupted)
    )
    assert summary["metrics"] == expected["metrics"]
    assert summary["best"] == expected["best"]
    assert [p.name for p in (folder / "export").iterdir()] == ["1"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_start_that_a_signal_ended_is_repeated_in_its_folder(
    spawn_main, run_cli, tmp_path, number
):
    """The signal comes once the folder is there, before TensorFlow has built anything."""
    process = spawn_main("--steps=5", "--export=none", "--xla=off", "--precision=float32")
    run = tmp_path / "runs" / "digits-mlp-1"
    wait_for(run.exists, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode in (-number, 128 + number), err
    done = run_cli("--steps=5", "--export=none", "--xla=off", "--precision=float32")
    assert done.code == 0, done.err
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_a_closed_pipe_does_not_end_training(tmp_path):
    """As in `python main.py 2>&1 | head -1`."""
    flags = ("--steps=40", "--steps_per_loop=1", "--xla=off", "--precision=float32")
    process = start_main(tmp_path, *flags, "--export=none", stderr=subprocess.STDOUT)
    with process.stdout as pipe:
        assert pipe.readline()
    assert process.wait(HANG_SECONDS) == 0
    summary = json.loads((tmp_path / "runs" / "digits-mlp-1" / "summary.json").read_text())
    assert (summary["status"], summary["steps"]) == ("done", 40)


@pytest.mark.slow
def test_a_signal_where_a_record_is_due_loses_no_record(make_config, monkeypatch, tmp_path):
    """Loops end where something is due, so that is where most signals are noticed."""
    from tfapp.callbacks import signals

    def stop_at_40(self, moment):
        if moment.step == 40:
            self._cause = "SIGTERM"
            moment.stop = signals.STOP_REASON

    changes = {"steps": 80, "log_every": "20", "evaluate_every": "40"}
    whole = tfapp.run(make_config(**changes, model_dir=str(tmp_path / "whole")))
    parts = make_config(**changes, model_dir=str(tmp_path / "parts"))
    with monkeypatch.context() as patch:
        patch.setattr(signals.StopSignals, "__call__", stop_at_40)
        with pytest.raises(tfapp.TfappError, match="stopped by SIGTERM at step 40"):
            tfapp.run(parts)
    tfapp.run(parts)
    for split in ("train", "validation"):
        assert records(parts.model_dir, split) == records(whole.model_dir, split)


def test_a_finished_run_is_left_alone(run_cli, trained_run):
    before = (pathlib.Path(trained_run.model_dir) / "metrics.jsonl").read_bytes()
    done = run_cli(f"--model_dir={trained_run.model_dir}", "--epochs=5")
    assert done.code == 0
    assert "nothing left to do" in done.err
    assert (pathlib.Path(trained_run.model_dir) / "metrics.jsonl").read_bytes() == before


@pytest.mark.slow
def test_flags_txt_repeats_a_run(run_cli, trained_run):
    flagfile = pathlib.Path(trained_run.model_dir, "flags.txt")
    done = run_cli(f"--flagfile={flagfile}", "--model_dir=again", "--export=none")
    assert done.code == 0, done.err
    mine, theirs = weights("again"), weights(trained_run.model_dir)
    assert all(np.array_equal(value, theirs[name]) for name, value in mine.items())


def test_dry_run_does_everything_and_keeps_nothing(run_cli):
    done = run_cli("--dry_run")
    assert done.code == 0, done.err
    assert "step 2/2" in done.err
    assert "read back and compared" in done.err
    assert list(pathlib.Path().iterdir()) == []
    assert "run " not in done.out


def test_only_check_args_runs_and_keeps_nothing(run_cli):
    done = run_cli("--only_check_args")
    assert (done.code, done.out) == (0, "flags, data and model are sound\n")
    assert list(pathlib.Path().iterdir()) == []


@pytest.mark.slow
def test_early_stopping_keeps_the_best_weights(run_cli):
    flags = ("--early_stopping=2", "--learning_rate=0.05", "--model_dir=run", "--export=none",
             "--monitor=accuracy")  # fmt: skip
    done = run_cli(*flags)
    assert done.code == 0, done.err
    summary = json.loads(pathlib.Path("run/summary.json").read_text())
    assert "early stopping" in summary["reason"]
    assert summary["steps"] < summary["total_steps"]
    best = summary["best"]
    assert summary["metrics"]["validation"]["accuracy"] == best["value"]
    evaluated = json.loads(run_cli("--mode=eval", "--model_dir=run", "--split=validation").out)
    assert (evaluated["step"], evaluated["accuracy"]) == (best["step"], best["value"])


OWN = """
import keras
import numpy as np

class Net(keras.Model):
    def __init__(self, outputs, width=8):
        super().__init__()
        self.layer = keras.layers.Dense(width, "relu")
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs):
        return self.head(self.layer(inputs))

def data():
    x = np.random.default_rng(0).normal(size=(400, 2)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype("int64")
    return {"train": (x[:300], y[:300]), "test": (x[300:], y[300:])}
"""


def test_a_users_own_model_and_data_set(run_cli):
    pathlib.Path("my_own_things.py").write_text(OWN)
    done = run_cli(
        "--dataset=my_own_things:data", "--model=my_own_things:Net", "--model_arg=width=32",
        "--learning_rate=0.01",
    )  # fmt: skip
    assert done.code == 0, done.err
    summary = json.loads(pathlib.Path("runs/data-Net-1/summary.json").read_text())
    assert summary["metrics"]["test"]["accuracy"] > 0.9


@pytest.mark.slow
def test_real_values(run_cli):
    x = np.random.default_rng(0).normal(size=(500, 3)).astype("f4")
    np.savez("real.npz", x=x, y=x @ np.array([[1.0, 2], [0, 1], [3, 0]]) + 5)
    done = run_cli("--dataset=npz:real.npz", "--learning_rate=0.01", "--model_dir=run")
    assert done.code == 0, done.err
    summary = json.loads(pathlib.Path("run/summary.json").read_text())
    assert summary["metrics"]["test"]["loss"] < 0.05
