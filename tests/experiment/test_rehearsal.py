"""--time_budget and --learning_rate=find: what is found, and that nothing is built twice for it."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp.experiment import time_budget
from tfapp.experiment.ground import Ground
from tfapp.training import optimizers

QUICK = {"xla": "off", "precision": "float32"}  # no measuring, no compilation


@pytest.fixture
def builds(monkeypatch):
    """The `Config`s that steps were built for."""
    configs, build = [], Ground.build

    def counted(ground, config, **how):
        configs.append(config)
        return build(ground, config, **how)

    monkeypatch.setattr(Ground, "build", counted)
    return configs


@pytest.fixture
def left(monkeypatch):
    """Sets how many seconds of its budget a run has left; it was just started."""

    def leave(seconds, *, step=None):
        monkeypatch.setattr(time_budget, "seconds_since_start", lambda: 0.0)
        monkeypatch.setattr(time_budget, "seconds_left", lambda budget: seconds)
        if step:
            monkeypatch.setattr(
                "tfapp.experiment.rehearsal.time_step", lambda prepared, within, clock: step
            )

    return leave


def final_rate(experiment):
    return optimizers.learning_rate(experiment.state.optimizer, experiment.batches.total_steps)


def test_a_budget_is_filled_by_steps_that_are_compiled_once(make_experiment, builds, left):
    left(30.0, step=0.01)
    experiment = make_experiment(
        **QUICK, time_budget="1m", steps=0, schedule="cosine", warmup_steps="10%"
    )
    total = experiment.batches.total_steps
    assert 1800 < total < 2400  # 30 s less what follows training
    assert len(builds) == 1
    rate = experiment.state.optimizer.rate_at
    assert float(rate(total // 10 - 1)) == pytest.approx(1e-3, rel=0.01)  # the warm-up's end
    assert final_rate(experiment) == pytest.approx(0.0, abs=1e-9)


def test_a_budget_that_is_gone_still_trains(make_experiment, left):
    left(-5.0, step=0.5)
    experiment = make_experiment(**QUICK, time_budget="1m", steps=0, schedule="cosine")
    assert experiment.batches.total_steps == 1


def test_early_stopping_counts_the_evaluations_that_there_are(make_experiment, left):
    """Where evaluations are dear, there are few, and none of them ends the run too early."""
    left(100.0, step=0.1)
    auto = {"early_stopping": "auto", "epochs": "auto", "batch_size": 32, "steps": 0}
    config = make_experiment(
        **QUICK, time_budget="2m", dataset="synthetic:4x4x1:3:400", model="mlp",
        **auto, evaluate_every="auto",
    ).config  # fmt: skip
    evaluations = config.steps / int(config.evaluate_every)
    assert config.early_stopping == pytest.approx(max(0.25 * evaluations, 5), abs=1)
    config = make_experiment(
        **QUICK, time_budget="2m", dataset="synthetic:4x4x1:3:400", model="mlp",
        **auto, evaluate_every="1%",
    ).config  # fmt: skip
    assert config.evaluate_every == "1%"
    assert config.early_stopping == pytest.approx(25, abs=1)


def test_a_length_that_changes_the_model_builds_it_again(make_experiment, builds, left, caplog):
    text = pathlib.Path("plays.txt")
    text.write_text("To be, or not to be, that is the question. " * 400)
    left(700.0, step=0.05)
    caplog.set_level("INFO", "tfapp")
    names = ("model", "epochs", "batch_size", "evaluate_every", "early_stopping")
    auto = dict.fromkeys(names, "auto")
    experiment = make_experiment(
        **QUICK, **{**auto, "model_arg": ()}, dataset=f"text:{text}", text_length=16,
        time_budget="15m", steps=0,
    )  # fmt: skip
    assert experiment.config.model_arg == ("width=192", "depth=6", "heads=6", "dropout=0.2")
    assert [config.model_arg for config in builds][-1] == experiment.config.model_arg
    assert len(builds) == 2


@pytest.mark.parametrize(
    "xla",
    [
        "loop",
        "off",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("step", "gradients", "update")),
    ],
)
def test_compiled_steps_follow_a_length_that_is_set_later(make_experiment, xla):
    """They compute what steps compute that were built for this length."""
    how = {"xla": xla, "precision": "float32", "schedule": "cosine", "warmup_steps": "2"}
    fresh = make_experiment(**how, steps=6)
    later = make_experiment(**how, steps=50, time_budget="1h")
    later.engine.restart(0)
    values = later.state.read_all()
    later.run_loop(0, 1)  # compiled for 50 steps
    later.state.write_all(values)
    later.state.optimizer.schedule.set_length(warmup_steps=2, total_steps=6)
    weights = []
    for experiment in (fresh, later):
        experiment.engine.restart(0)
        experiment.run_loop(0, 6)
        weights.append([np.asarray(w) for w in tf.nest.flatten(experiment.state.read())])
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_run_trains_as_long_as_was_planned_and_continues_so(make_config, left, builds):
    left(8.0, step=0.01)
    config = make_config(**QUICK, time_budget="1h", steps=0, schedule="cosine")
    result = tfapp.run(config)
    assert result.summary["reason"] == ""
    assert 100 < result.steps == result.summary["total_steps"] < 200
    left(900.0, step=0.01)
    assert tfapp.run(config).steps == result.steps
    assert builds[-1].steps == result.steps
