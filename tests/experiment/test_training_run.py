"""A training run: the user's own actions, the evaluation's batch size, the export tried first."""

import dataclasses
import json
import logging
import pathlib

import numpy as np
import pytest

import tfapp
from tests.kills import Killed, kill_at
from tfapp.experiment import evaluations, training_run
from tfapp.experiment.early_end import early_end as early_end_of
from tfapp.training.action import Action
from tfapp.training.state import HostState
from tfapp.training.triggers import EverySteps

QUICK = {"xla": "off", "precision": "float32"}  # no measuring, no compilation


def read_summary(config):
    return json.loads(pathlib.Path(config.model_dir, "summary.json").read_text())


def test_the_users_actions_are_called_when_they_are_due_and_see_the_sums(make_config):
    seen, config = [], make_config(**QUICK, steps=12, steps_per_loop="5", eval_batch_size=7)
    result = tfapp.run(config, actions=[Action(EverySteps(5), seen.append)])
    assert [(moment.step, moment.last) for moment in seen] == [(5, False), (10, False), (12, True)]
    assert [moment.sums["count"] for moment in seen] == [5 * 32, 5 * 32, 2 * 32]
    losses = [moment.sums["loss"] / moment.sums["count"] for moment in seen]
    assert losses == sorted(losses, reverse=True)
    assert result.steps == 12
    assert read_summary(config)["eval_batch_size"] == 7


def test_an_action_can_stop_the_run_with_a_reason(make_config):
    def stop(moment):
        moment.stop = f"seen enough at {moment.step}"

    config = make_config(**QUICK)
    result = tfapp.run(config, actions=[Action(EverySteps(5), stop)])
    summary = read_summary(config)
    assert (summary["status"], summary["reason"]) == ("done", "seen enough at 5")
    assert (result.steps, summary["steps"], summary["total_steps"]) == (5, 5, 20)
    checkpoints = pathlib.Path(config.model_dir, "checkpoints")
    assert [path.name for path in checkpoints.iterdir()] == ["step-00000005"]


def test_the_batch_size_of_evaluation_does_not_change_its_metrics(make_experiment, monkeypatch):
    sizes, metrics = [], []
    make_input = evaluations.evaluation_input

    def recording(split, *, batch_size, **others):
        sizes.append(batch_size)
        return make_input(split, batch_size=batch_size, **others)

    monkeypatch.setattr(evaluations, "evaluation_input", recording)
    for size in (7, 256):
        metrics.append(make_experiment(**QUICK, eval_batch_size=size).evaluate("test").metrics)
    assert sizes == [7, 256]
    assert metrics[0] == pytest.approx(metrics[1], rel=1e-5)


def test_the_export_is_tried_before_the_first_step(run_cli, monkeypatch):
    monkeypatch.setattr(training_run, "train", lambda **_: pytest.fail("training began"))
    done = run_cli(
        "--model=tests.models_for_tests:Untracked", "--model_dir=run", "--xla=off",
        "--precision=float32",
    )  # fmt: skip
    assert (done.code, done.out) == (2, "")
    line = done.err.splitlines()[-1]
    assert line.startswith("tfapp: --export=savedmodel: the model Untracked cannot be exported: ")
    assert "'hidden_factor:0'" in line
    assert not pathlib.Path("run").exists()


def stop_at_5(moment):
    if moment.step >= 5:
        moment.stop = "seen enough"


# name -> (changes of the configuration, actions, steps that the run does)
EARLY_ENDS = {
    "early stopping": (
        # nothing is learnt, so the first evaluation stays the best
        {"learning_rate": 1e-12, "early_stopping": 2, "evaluate_every": "2"},
        (),
        6,
    ),
    "a user's action": ({}, (Action(EverySteps(5), stop_at_5),), 5),
}


@pytest.fixture(params=EARLY_ENDS)
def early_end(request, make_config):
    """(config, actions, steps) of a run that ends early."""
    changes, actions, steps = EARLY_ENDS[request.param]
    return make_config(**QUICK, **changes), actions, steps


def test_a_run_that_ended_early_is_complete_when_its_command_is_repeated(early_end, caplog):
    caplog.set_level(logging.INFO, "tfapp")
    config, actions, steps = early_end
    first = tfapp.run(config, actions)
    before = pathlib.Path(config.model_dir, "metrics.jsonl").read_bytes()
    for _ in range(2):
        again = tfapp.run(config, actions)
        assert (again.steps, again.metrics) == (steps, first.metrics)
        weights = zip(again.model.get_weights(), first.model.get_weights(), strict=True)
        assert all(np.array_equal(mine, theirs) for mine, theirs in weights)
    assert pathlib.Path(config.model_dir, "metrics.jsonl").read_bytes() == before
    assert f"complete at step {steps}; nothing left to do" in caplog.text


def test_a_run_that_was_killed_after_its_early_end_is_only_finished(early_end, monkeypatch):
    config, actions, steps = early_end
    with monkeypatch.context() as patch:
        patch.setattr(
            training_run, "finish", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            tfapp.run(config, actions)
    result = tfapp.run(config, actions)
    assert (result.steps, result.summary["reason"] != "") == (steps, True)


def test_a_run_that_ended_early_goes_on_if_it_is_to_be_longer(early_end):
    config, actions, _ = early_end
    tfapp.run(config, actions)
    result = tfapp.run(dataclasses.replace(config, steps=30, early_stopping=0))
    assert (result.steps, result.summary["reason"]) == (30, "")
    assert tfapp.run(dataclasses.replace(config, steps=30, early_stopping=0)).steps == 30


def test_a_run_that_early_stopping_ended_goes_on_with_more_patience(make_config):
    changes, _, steps = EARLY_ENDS["early stopping"]
    config = make_config(**QUICK, **changes)
    tfapp.run(config)
    assert tfapp.run(dataclasses.replace(config, early_stopping=4)).steps == steps + 4
    assert tfapp.run(config).steps == steps + 4  # with less patience nothing is left to do


def test_an_early_end_that_an_older_tfapp_recorded_is_one():
    summary = {"status": "done", "reason": "seen enough", "total_steps": 20, "steps": 5}
    found = {
        (step, total): early_end_of(HostState(step=step), summary, total_steps=total,
                                    early_stopping=0)
        for step, total in ((5, 20), (5, 21), (4, 20))
    }  # fmt: skip
    assert found == {(5, 20): "seen enough", (5, 21): "", (4, 20): ""}


@pytest.mark.parametrize(
    "name", ["flags.txt", "identity.json", "preprocessing.json", "data.json", "choices.json",
             "environment.json", "summary.json"],
)  # fmt: skip
def test_a_command_killed_at_any_early_file_can_be_repeated(make_config, name):
    config = make_config(**QUICK, model_dir="", steps=5)
    with kill_at(name), pytest.raises(Killed):
        tfapp.run(config)
    result = tfapp.run(config)
    assert (result.steps, result.model_dir) == (5, "runs/digits-mlp-1")
    assert [path.name for path in pathlib.Path("runs").iterdir()] == ["digits-mlp-1"]
    assert not list(pathlib.Path(result.model_dir).glob(".*.tmp"))
