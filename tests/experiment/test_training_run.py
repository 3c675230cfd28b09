"""A training run: the user's own actions, the evaluation's batch size, the export tried first."""

import json
import pathlib

import pytest

import tfapp
from tfapp.experiment import evaluations, training_run
from tfapp.training.action import Action
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
