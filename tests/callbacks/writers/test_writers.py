"""metrics.jsonl, TensorBoard, and the records that go into them."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.callbacks.throughput import Throughput
from tfapp.callbacks.validation import Validation
from tfapp.callbacks.writers.jsonl import JsonlWriter
from tfapp.callbacks.writers.tensorboard import TensorBoardWriter
from tfapp.metrics.accuracy import Accuracy
from tfapp.training.evaluation import EvaluationResult
from tfapp.training.state import HostState
from tfapp.training.trainer import Moment


class State:
    """As much of a TrainState as these look at."""

    def __init__(self, **host):
        self.host = HostState(**host)


def moment(step, steps=10, loss=5.0, seconds=0.5):
    sums = {
        "loss": loss, "accuracy": np.array([8.0, 10.0]), "count": 10.0, "input_wait": 0.05,
        "skipped": 0.0,
    }  # fmt: skip
    return Moment(step, total_steps=100, steps=steps, seconds=seconds, sums=sums, last=False)


def steps(path):
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def write(path, resume_step, *records):
    writer = JsonlWriter(path, resume_step=resume_step)
    for record in records:
        writer({"step": record})
    writer.close()


def test_no_step_twice_after_a_resume(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write(path, 0, 100, 200, 300)
    write(path, 200, 300, 400)
    assert steps(path) == [100, 200, 300, 400]


@pytest.mark.parametrize("half", ['{"step": 300, "lo', '{"step": 30', "{", '{"step": 250}'[:-1]])
def test_a_line_cut_short_is_dropped(tmp_path, half):
    path = tmp_path / "metrics.jsonl"
    write(path, 0, 100, 200)
    with open(path, "a") as file:
        file.write(half)
    write(path, 300, 301)
    assert steps(path) == [100, 200, 301]


@pytest.mark.parametrize("line", [b"17\n", b'"step"\n', b"{}\n", b"\xff\xfe\n", b"\x00" * 50])
def test_what_a_crash_leaves_does_not_stop_a_resume(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    write(path, 0, 100)
    path.write_bytes(path.read_bytes() + line)
    write(path, 100, 200)
    assert steps(path) == [100, 200]


def test_records_are_there_before_close(tmp_path):
    writer = JsonlWriter(tmp_path / "metrics.jsonl", resume_step=0)
    writer({"step": 1})
    assert steps(tmp_path / "metrics.jsonl") == [1]
    writer.close()


def make_log(state, records):
    return MetricsLog(
        state,
        [records.append],
        metrics=(Accuracy(),),
        learning_rate=lambda: 0.1,
        wall_clock=lambda: 9.0,
    )


def test_a_record_averages_over_its_window():
    state, records = State(), []
    log = make_log(state, records)
    log.accumulate(moment(10, loss=5.0))
    log.accumulate(moment(20, loss=15.0))
    log.write_train(moment(20))
    assert records == [
        {
            "step": 20, "split": "train", "time": 9.0, "loss": 1.0, "accuracy": 0.8,
            "learning_rate": 0.1, "examples_per_second": 20.0, "input_wait": 0.1,
        }
    ]  # fmt: skip
    assert state.host.window == {}


def test_a_window_survives_a_resume():
    whole, parts = [], []
    state = State()
    log = make_log(state, whole)
    for step in (10, 20, 30):
        log.accumulate(moment(step, loss=step / 3))
    log.write_train(moment(30))
    state = State()
    log = make_log(state, parts)
    log.accumulate(moment(10, loss=10 / 3))
    log.accumulate(moment(20, loss=20 / 3))
    state = State(**json.loads(json.dumps(state.host.to_json())))  # through a checkpoint
    log = make_log(state, parts)
    log.accumulate(moment(30, loss=30 / 3))
    log.write_train(moment(30))
    assert parts == whole


def test_an_empty_window_writes_nothing():
    records = []
    make_log(State(), records).write_train(moment(10))
    assert records == []


def test_tensorboard_gets_every_number(tmp_path):
    writer = TensorBoardWriter(tmp_path)
    writer({"step": 7, "split": "train", "time": 1.0, "loss": 0.5, "learning_rate": 0.25})
    writer({"step": 7, "split": "validation", "time": 1.0, "loss": 0.75})
    writer.close()
    found = {}
    for split in ("train", "validation"):
        (path,) = (tmp_path / split).iterdir()
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[split, value.tag] = (event.step, float(tf.make_ndarray(value.tensor)))
    assert found == {
        ("train", "loss"): (7, 0.5),
        ("train", "learning_rate"): (7, 0.25),
        ("validation", "loss"): (7, 0.75),
    }


def test_throughput_leaves_out_the_first_loop():
    notes = []
    throughput = Throughput(batch_size=32, note=notes.append, process_seconds=lambda: 64.25)
    assert throughput.summary()["examples_per_second"] is None
    throughput(moment(10, seconds=60.0))
    assert throughput.summary() == {
        "examples_per_second": None, "step_ms": None, "first_loop_seconds": 60.0,
        "first_step_at_seconds": 64.25,
    }  # fmt: skip
    throughput(moment(20, seconds=0.1))
    throughput(moment(30, seconds=0.3))
    assert throughput.summary() == {
        "examples_per_second": 1600.0, "step_ms": 20.0, "first_loop_seconds": 60.0,
        "first_step_at_seconds": 64.25,
    }  # fmt: skip
    assert notes == ["first step: 64.2 s after the start"]


def validate(values, goal="max", patience=0):
    """Runs Validation over `values`; returns the state, the notes and where it stopped."""
    state, notes, remaining = State(), [], iter(values)
    validation = Validation(
        state, lambda: EvaluationResult({"accuracy": next(remaining)}, {}, ()),
        make_log(state, []),
        monitor="accuracy", goal=goal, patience=patience, note=notes.append,
    )  # fmt: skip
    for step in range(1, len(values) + 1):
        at = moment(step)
        validation(at)
        if at.stop:
            return state, notes, at.stop
    return state, notes, ""


@pytest.mark.parametrize("goal, best", [("max", 3), ("min", 1)])
def test_the_best_step_is_kept(goal, best):
    state, notes, _ = validate([0.2, 0.5, 0.9, 0.9, 0.7], goal)
    assert state.host.best_step == best
    assert [("(best)" in note) for note in notes].count(True) == {"max": 3, "min": 1}[goal]


def test_early_stopping_says_why():
    state, notes, reason = validate([0.5, 0.6, 0.6, 0.4, 0.9], patience=2)
    assert len(notes) == 4
    assert "accuracy of validation has not improved on 0.6000 (step 2) for 2 eval" in reason
    assert state.host.evaluations_without_improvement == 2


@pytest.mark.parametrize("goal", ["max", "min"])
def test_nan_is_never_the_best(goal):
    state, _, _ = validate([float("nan"), 0.5, float("nan")], goal)
    assert (state.host.best_step, state.host.best_value) == (2, 0.5)


def test_nothing_but_nan_stops_early():
    state, _, reason = validate([float("nan")] * 3, patience=2)
    assert state.host.best_step is None
    assert "has not improved on NaN for 2 evaluations" in reason
