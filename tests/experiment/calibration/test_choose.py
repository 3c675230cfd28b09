"""Precision and placement: forced, kept, measured before or measured now, each with its reason."""

import pytest

from tfapp.distribution.cluster import SingleProcess
from tfapp.experiment.calibration import measure
from tfapp.experiment.calibration.choose import Choice, Question, choose
from tfapp.experiment.calibration.measure import Candidate

FLOAT, HALF = Candidate("float32", "loop"), Candidate("bfloat16", "update")
STEP_SECONDS = {FLOAT: 0.002, HALF: 0.001}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def measured(monkeypatch):
    """The candidates of each call of `calibrate`, which is replaced and takes no time."""
    calls = []

    def calibrate(candidates, prepare, *, total_steps, within, cluster):
        del prepare, within, cluster
        calls.append(list(candidates))
        affordable = candidates if total_steps > 100 else candidates[:1]
        return [measure.Measurement(c, STEP_SECONDS[c], 0.1) for c in affordable]

    monkeypatch.setattr(measure, "calibrate", calibrate)
    return calls


def ask(candidates=(FLOAT, HALF), *, cluster=None, model="mlp", total_steps=1000, **changes):
    question = {"precision": "auto", "placement": "auto", "kept": {}, "measure": True}
    return choose(
        Question(**{**question, "deterministic": False, **changes}),
        list(candidates),
        lambda candidate: None,
        description={"model": model},
        total_steps=total_steps,
        cluster=cluster,
    )


def test_a_single_candidate_is_not_measured(measured):
    choice = ask([FLOAT])
    assert (choice.precision, choice.placement) == ("float32", "loop")
    assert choice.placement_reason == "the only one that fits here"
    assert not measured


def test_the_fastest_is_chosen_and_the_others_are_printed(measured):
    choice = ask()
    assert (choice.precision, choice.placement) == ("bfloat16", "update")
    assert choice.precision_reason == "measured"
    assert choice.placement_reason == "measured: 1 ms a step, against loop float32 2"
    assert [m["step_ms"] for m in choice.measurements] == [2.0, 1.0]
    assert measured == [[FLOAT, HALF]]


def test_nothing_is_measured_twice(measured):
    first, second = ask(), ask()
    assert len(measured) == 1
    assert second.placement_reason == first.placement_reason.replace("measured", "measured before")
    assert second.to_json() == first.to_json()


def test_another_model_is_measured_on_its_own(measured):
    ask(), ask(model="cnn")
    assert len(measured) == 2


def test_a_short_run_takes_the_best_guess_and_keeps_nothing(measured):
    choice = ask(total_steps=50)
    assert choice.placement == "loop"
    assert choice.placement_reason == "the best guess; the run is too short to measure more"
    assert ask().placement == "update"  # measured in full by the longer run


def test_deterministic_takes_the_first_guess_that_compiles(measured, monkeypatch):
    monkeypatch.setattr(measure, "first_that_compiles", lambda candidates, prepare: candidates[0])
    choice = ask(deterministic=True)
    assert choice.placement == "loop"
    assert choice.placement_reason == "the first guess: measured times are not deterministic"
    assert not measured


def test_evaluation_alone_measures_nothing(measured):
    assert ask(measure=False).placement == "loop"
    assert not measured


def test_a_continued_run_keeps_its_choice(measured):
    choice = ask([HALF], kept=Choice("bfloat16", "update", "", "").to_json())
    assert choice.precision_reason == choice.placement_reason == "as the run began"
    assert not measured


def test_a_forced_choice_names_its_flag(measured):
    choice = ask([FLOAT], precision="float32", placement="loop")
    assert choice.precision_reason == "forced by --precision"
    assert choice.placement_reason == "forced by --xla"
    assert not measured


def test_the_chiefs_cache_decides_on_all_workers(measured):
    """A worker whose own cache differs must not build another program."""
    ask()

    class Worker(SingleProcess):
        def agree(self, value):
            return None if value is not None else value  # the chief has not measured it yet

    ask(cluster=Worker())
    assert len(measured) == 2
