"""Law 2: N replicas compute what one computes; only dropout differs between them, by design."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses

STEPS = 50


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def one_replica(make_experiment, kept):
    """Losses and weights of one replica, computed once."""
    if not kept:
        kept.append(losses(make_experiment(batch_size=64), STEPS))
    return kept[0]


def test_losses_agree_for_two_replicas_and_both_engines(make_experiment, one_replica):
    expected, weights = one_replica
    assert expected[-1] < expected[0] / 2  # it learns, so agreement says something
    for replicas, engine in ((2, "resident"), (2, "stream"), (1, "stream")):
        built = make_experiment(batch_size=64, logical_devices=replicas, engine=engine)
        assert built.num_replicas == replicas
        measured, learnt = losses(built, STEPS)
        assert measured == pytest.approx(expected, rel=1e-5)
        for mine, theirs in zip(learnt, weights, strict=True):
            assert mine == pytest.approx(theirs, abs=1e-4)


@pytest.mark.slow
def test_losses_agree_for_four_replicas_on_the_command_line(one_replica, run_main, tmp_path):
    """In a process of its own: TensorFlow's collectives allow one group size a process."""
    done = run_main(
        "--batch_size=64", f"--steps={STEPS}", "--log_every=1", "--strategy=mirrored",
        "--logical_devices=4", "--model_dir=four", "--export=none",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "four" / "summary.json").read_text())["replicas"] == 4
    lines = (tmp_path / "four" / "metrics.jsonl").read_text().splitlines()
    measured = [r["loss"] for r in map(json.loads, lines) if r["split"] == "train"]
    assert measured == pytest.approx(one_replica[0], rel=1e-5)


@pytest.mark.slow
def test_penalties_count_once(make_experiment):
    """Weight penalties depend on no example: N replicas must not add them N times."""
    changes = {"model": "tests.training.test_replicas:penalised", "batch_size": 64}
    expected, _ = losses(make_experiment(**changes), 10)
    measured, _ = losses(make_experiment(**changes, logical_devices=2), 10)
    assert measured == pytest.approx(expected, rel=1e-5)


def penalised(outputs=10):
    import keras

    return keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(outputs, kernel_regularizer="l2")]
    )


def masks(experiment):
    """The dropout mask that each replica draws in each of three steps, [steps, replicas, 64]."""
    experiment.engine.restart(0)
    run = experiment.make_loop()
    drawn = []
    for step in range(3):
        run(step, 1)
        seen = next(v for v in experiment.model.non_trainable_variables if v.name == "seen")
        local = experiment.strategy.experimental_local_results(seen.value)
        drawn.append(np.stack([v.numpy() for v in local]))
    return np.stack(drawn)


@pytest.mark.slow
def test_dropout_differs_between_replicas_and_steps_and_repeats_with_the_seed(make_experiment):
    changes = {"model": "tests.models_for_tests:MaskShowing", "logical_devices": 2}
    drawn = masks(make_experiment(**changes))
    # Running statistics are averaged over replicas: 0.5 is where exactly one let it through.
    assert 0.3 < np.mean(drawn == 0.5) < 0.7
    assert not np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn, masks(make_experiment(**changes)))
    assert not np.array_equal(drawn, masks(make_experiment(**changes, seed=1)))


@pytest.mark.slow
def test_replicas_hold_the_same_between_steps(make_experiment):
    """Weights, optimizer, and the one dropout seed from which every replica derives its own."""
    built = make_experiment(model="tests.models_for_tests:Dropping", logical_devices=2)
    losses(built, 5)
    for mine, theirs in zip(
        tf.nest.flatten(built.state.read(0)), tf.nest.flatten(built.state.read(1)), strict=True
    ):
        assert np.array_equal(mine, theirs)
