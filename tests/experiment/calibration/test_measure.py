"""Measuring candidates: what is fastest, within which budget, and without a trace in the run."""

import contextlib
import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from tfapp.experiment.calibration import measure
from tfapp.experiment.calibration.measure import Candidate
from tfapp.training.placement import NotCompiled


def record(precision, xla, step_ms):
    return {"precision": precision, "xla": xla, "step_ms": step_ms}


@pytest.mark.parametrize(
    "records, chosen",
    [
        ([("float32", "loop", 2.0), ("float32", "off", 1.0)], ("float32", "off")),
        ([("float32", "loop", 1.0), ("bfloat16", "off", 0.8)], ("float32", "loop")),
        ([("float32", "loop", 1.0), ("bfloat16", "off", 0.7)], ("bfloat16", "off")),
        ([("bfloat16", "off", 3.0)], ("bfloat16", "off")),
    ],
)
def test_the_fastest_wins_and_bfloat16_must_be_much_faster(records, chosen):
    best = measure.fastest([record(*r) for r in records])
    assert (best["precision"], best["xla"]) == chosen


@dataclasses.dataclass
class Clock:
    now: float = 0.0

    def __call__(self):
        return self.now


class State:
    """Counts the steps of a loop, and puts their number back."""

    is_large = False

    def __init__(self):
        self.value = 0

    @contextlib.contextmanager
    def unchanged(self):
        kept = self.value
        yield
        self.value = kept


class Engine:
    def restart(self, step):
        assert step == 0


def calibrate(compile_seconds, step_seconds, total_steps, **length):
    """Measures three candidates with these times; returns the measurements and the time spent."""
    clock, state = Clock(), State()

    def prepare(candidate):
        compiled = []

        def run_loop(first, steps):
            del first
            state.value += steps
            clock.now += steps * step_seconds + (0 if compiled else compile_seconds)
            compiled.append(True)

        return measure.Prepared(state, run_loop, Engine())

    candidates = [Candidate("float32", name) for name in ("loop", "update", "step")]
    begin = clock()
    length = {"total_steps": total_steps, **length}
    measured = measure.calibrate(candidates, prepare, clock=clock, **length)
    assert float(state.value) == 0.0  # restored
    return measured, clock() - begin


def test_a_long_run_measures_all():
    measured, _ = calibrate(compile_seconds=1.0, step_seconds=0.001, total_steps=1_000_000)
    assert [m.candidate.placement for m in measured] == ["loop", "update", "step"]
    assert measured[0].step_seconds == pytest.approx(0.001)


def test_a_short_run_measures_only_its_first_guess():
    measured, seconds = calibrate(compile_seconds=1.0, step_seconds=0.001, total_steps=100)
    assert len(measured) == 1
    assert seconds < 1.1


@pytest.mark.parametrize("step_seconds, total_steps", [(0.01, 10_000), (0.5, 100_000)])
def test_the_budget_holds(step_seconds, total_steps):
    """At most ten seconds, or 3% of the run, beyond what the first candidate takes anyway."""
    measured, seconds = calibrate(1.0, step_seconds, total_steps)
    first = 1.0 + (2 + 3 * max(1, 0.15 // step_seconds)) * step_seconds
    assert seconds - first <= min(10.0, 0.03 * step_seconds * total_steps) + 1.0
    assert len(measured) >= 1


def test_what_is_measured_follows_the_time_that_a_run_has():
    """However many steps it may have: three percent of a minute are too short for a compilation."""
    measured, seconds = calibrate(2.5, 0.001, 10**9, within=60.0)
    assert len(measured) == 1
    assert seconds < 3.0
    measured, _ = calibrate(2.5, 0.001, 10**9, within=200.0)
    assert len(measured) == 3


def test_the_time_of_a_step_is_the_median_of_several_bursts():
    clock, state = Clock(), State()

    def run_loop(first, steps):
        del first
        slow = 10.0 < clock.now < 10.2  # another program is at work
        clock.now += (0.003 if slow else 0.001) * steps + (0 if clock.now else 9.0)

    prepared = measure.Prepared(state, run_loop, Engine())
    assert measure.time_step(prepared, within=5.0, clock=clock) == pytest.approx(0.001)
    assert clock.now < 15.5


def uncompiled(*names):
    """`prepare` of candidates, of which XLA cannot compile those with these names."""

    def prepare(candidate):
        state = State()

        def run_loop(first, steps):
            del first, steps
            state.value += 1
            if candidate.placement in names:
                raise NotCompiled(candidate.placement, "it has no form of X")

        return measure.Prepared(state, run_loop, Engine())

    return prepare


def test_what_xla_cannot_compile_is_left_out(caplog):
    candidates = [Candidate("float32", name) for name in ("loop", "update", "step")]
    caplog.set_level("INFO", "tfapp")
    measured = measure.calibrate(candidates, uncompiled("loop", "step"), total_steps=10**9)
    assert [m.candidate.placement for m in measured] == ["update"]
    assert "loop is left out: XLA cannot compile the model: it has no form of X" in caplog.text
    assert measure.first_that_compiles(candidates, uncompiled("loop")) == candidates[1]
    for ways in (measure.first_that_compiles, functools.partial(measure.calibrate, total_steps=9)):
        with pytest.raises(NotCompiled, match=r"--xla=step: .*; use --xla=update"):
            ways(candidates, uncompiled("loop", "update", "step"))


def test_a_burst_of_other_work_does_not_decide():
    """The faster candidate is measured first, while the machine is busy for a second."""
    clock, true = Clock(), {"loop": 0.001, "update": 0.0012}

    def prepare(candidate):
        def run_loop(first, steps):
            del first
            clock.now += steps * true[candidate.placement] * (1.4 if clock.now < 1 else 1.0)

        return measure.Prepared(State(), run_loop, Engine())

    candidates = [Candidate("float32", name) for name in true]
    clock.now = 0.85  # the first candidate's burst outlasts the other work
    measured = measure.calibrate(candidates, prepare, total_steps=10**6, clock=clock)
    records = [m.to_json() for m in measured]
    assert measure.fastest(records)["xla"] == "loop"
    assert records[0]["step_ms"] == pytest.approx(1.0)


@pytest.mark.slow
def test_measuring_changes_neither_weights_nor_order(make_experiment, monkeypatch):
    """A run after a calibration is bit for bit the run without one."""
    weights = []
    for steps in (30, 30):
        built = make_experiment(batch_size=64, steps=steps, xla="update")
        if weights:
            state = built.state
            prepared = measure.Prepared(state, built.run_loop, built.engine)
            measure.calibrate(
                [Candidate("float32", "update")], lambda _, p=prepared: p, total_steps=10**6
            )
        built.engine.restart(0)
        built.run_loop(0, steps)
        weights.append([np.asarray(w) for w in tf.nest.flatten(built.state.read())])
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
