"""The window of a training record: states of metrics in the checkpoint, also in that of 0.1.0."""

import json

import numpy as np
import pytest

from tests.callbacks.recorder import Recorder
from tests.conftest import ROOT
from tfapp.callbacks.metrics_log import MetricsLog
from tfapp.metrics.confusion import MacroF1
from tfapp.metrics.regression import MeanSquaredError
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task
from tfapp.training.state import HostState
from tfapp.training.trainer import Moment

KILLED = ROOT / "tests/old_runs/0.1.0/digits-killed/checkpoints/step-00000040/manifest.json"


class State:
    """The part of a TrainState that a log reads."""

    def __init__(self, **host):
        self.host = HostState(**host)


def moment(step, **sums):
    sums = {"loss": 5.0, "count": 10.0, "skipped": 0.0, "input_wait": 0.0, **sums}
    return Moment(step, total_steps=100, steps=10, seconds=0.5, sums=sums, last=False)


@pytest.fixture
def records():
    return []


@pytest.fixture
def log(records):
    """log(state, *metrics, ...): a MetricsLog that appends to `records`."""

    def make(state, *metrics, **options):
        return MetricsLog(
            state, [Recorder(records)], metrics=metrics, learning_rate=lambda step: 0.1, **options
        )

    return make


def test_a_window_of_version_0_1_0_is_continued(log, records):
    """Its accuracy is a sum over examples, without their number."""
    label = LabelSpec("label", "class", 10, tuple("0123456789"))
    state = State(**json.loads(KILLED.read_text())["host"])
    assert state.host.window["accuracy"] == 148.0
    continued = log(state, *build_task("auto", "auto", label).training_metrics)
    continued.accumulate(moment(50, accuracy=np.array([72.0, 80.0]), count=80.0))
    continued.write_train(moment(50))
    assert records[0]["accuracy"] == (148 + 72) / (480 + 80)
    assert records[0]["loss"] == (892.5395584106445 + 5) / (480 + 80)


def test_a_window_of_version_0_1_0_is_written(log, records):
    state = State(**json.loads(KILLED.read_text())["host"])
    label = LabelSpec("label", "class", 10, tuple("0123456789"))
    log(state, *build_task("auto", "auto", label).training_metrics).write_train(moment(40))
    assert records[0]["accuracy"] == 148 / 480


def test_states_of_any_shape_go_through_a_checkpoint(log, records):
    counts = np.array([[3.0, 1.0], [0.5, 0.0], [1.0, 2.0]])
    state = State()
    log(state, MacroF1(2)).accumulate(moment(10, macro_f1=counts))
    state = State(**json.loads(json.dumps(state.host.to_json())))
    resumed = log(state, MacroF1(2))
    resumed.accumulate(moment(20, macro_f1=counts))
    resumed.write_train(moment(20))
    assert records[0]["macro_f1"] == MacroF1(2).result(2 * counts)["macro_f1"]


def test_a_metric_that_the_window_lacks_starts_at_zero(log, records):
    state = State()
    log(state).accumulate(moment(10))
    resumed = log(state, MeanSquaredError())
    resumed.accumulate(moment(20, mean_squared_error=np.array([40.0, 10.0])))
    resumed.write_train(moment(20))
    assert records[0]["mean_squared_error"] == 4
    assert records[0]["root_mean_squared_error"] == 2


def test_a_record_holds_what_the_task_derives(log, records):
    derive = build_task("auto", "auto", LabelSpec("t", "tokens", 3, ("", "a", "b"), (4,))).derived
    state = State()
    derived = log(state, derive=derive)
    derived.accumulate(moment(10))
    derived.write_train(moment(10))
    assert (records[0]["loss"], records[0]["perplexity"]) == (0.5, pytest.approx(np.exp(0.5)))
