"""The records of training and validation that go to the writers."""

import itertools
import json

import numpy as np
import pytest

from tests.callbacks.recorder import Recorder
from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.callbacks.validation import Validation
from tfapp.metrics.accuracy import Accuracy
from tfapp.training.evaluation import EvaluationResult
from tfapp.training.moment import Moment
from tfapp.training.state import HostState


class State:
    """The part of a TrainState that these read."""

    def __init__(self, **host):
        self.host = HostState(**host)


def moment(step, steps=10, loss=5.0, seconds=0.5):
    sums = {
        "loss": loss, "accuracy": np.array([8.0, 10.0]), "count": 10.0, "input_wait": 0.05,
        "skipped": 0.0,
    }  # fmt: skip
    return Moment(step, total_steps=100, steps=steps, seconds=seconds, sums=sums, last=False)


def make_log(state, records):
    return MetricsLog(
        state, [Recorder(records)], metrics=(Accuracy(),), learning_rate=lambda step: 0.1
    )


def test_a_record_averages_over_its_window():
    state, records = State(), []
    log = make_log(state, records)
    log.accumulate(moment(10, loss=5.0))
    log.accumulate(moment(20, loss=15.0))
    log.write_train(moment(20))
    assert records == [
        {
            "step": 20, "split": "train", "loss": 1.0, "accuracy": 0.8,
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


def validate(values, goal="max", patience=0):
    """Runs Validation over `values`; returns the state, the notes and where it stopped."""
    state, notes, remaining = State(), [], iter(values)
    validation = Validation(
        state, lambda: EvaluationResult({"accuracy": next(remaining)}, {}, ()),
        make_log(state, []),
        monitor="accuracy", goal=goal, patience=patience, note=notes.append,
        clock=itertools.count(step=60).__next__,
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
