"""Law 2 with every part of the recipe, on every engine and placement; and against Keras's fit."""

import gc
import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tests.training.losses import losses
from tfapp.data.pipeline import order

STEPS = 50
# Without XLA, whose compilation would take most of the time; placements have a test of their own.
PLAIN = {"batch_size": 64, "xla": "off"}
RECIPES = [
    {"clip_norm": 0.5},
    {"accumulate": 4},
    {"accumulate": 2, "cpu_parts": 4},
    {"ema": 0.9},
    {"schedule": "cosine", "warmup_steps": "10"},
    {"label_smoothing": 0.1},
    {"class_weight": ("balanced",)},
    {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.1},
    {"optimizer": "lars", "learning_rate": 1.0},
    {"model": "tests.models_for_tests:Embedded"},  # sparse gradients
]


QUICK = ("clip_norm", "accumulate", "model")  # what reduction may get wrong first


def _marked(recipe):
    marks = () if set(recipe) & set(QUICK) else pytest.mark.slow
    return pytest.param(recipe, marks=marks)


@pytest.mark.parametrize("recipe", map(_marked, RECIPES), ids=str)
def test_two_replicas_compute_what_one_does(make_experiment, recipe):
    recipe = {"steps": STEPS, **PLAIN, **recipe}
    expected, weights = losses(make_experiment(**recipe), STEPS)
    assert expected[-1] < expected[0]
    built = make_experiment(**recipe, logical_devices=2)
    assert built.batches.num_replicas == 2
    measured, learnt = losses(built, STEPS)
    assert measured == pytest.approx(expected, rel=1e-5)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)


@pytest.fixture(scope="module")
def kept():
    """Losses that several tests compare with, by recipe."""
    return {}


@pytest.mark.parametrize("recipe", RECIPES[:7], ids=str)
def test_every_part_of_the_recipe_changes_something(make_experiment, recipe, kept):
    """So that the agreement above says something; an average changes nothing but itself."""
    if "plain" not in kept:
        kept["plain"], _ = losses(make_experiment(steps=5, **PLAIN), 5)
    measured, _ = losses(make_experiment(steps=5, **{**PLAIN, **recipe}), 5)
    same = "ema" in recipe or "accumulate" in recipe  # micro-batches equal the large batch
    assert (measured == pytest.approx(kept["plain"], rel=1e-5)) == same


@pytest.mark.parametrize("engine", ["resident", pytest.param("stream", marks=pytest.mark.slow)])
@pytest.mark.parametrize("xla", ["loop", "step", "gradients", "update"])
def test_every_placement_computes_the_same(make_experiment, engine, xla, kept):
    if (engine, xla) == ("stream", "loop"):
        pytest.skip("the host feeds every step")
    recipe = {"batch_size": 64, "clip_norm": 0.5, "ema": 0.9}
    if "off" not in kept:
        kept["off"], _ = losses(make_experiment(**recipe, xla="off"), 20)
    measured, _ = losses(make_experiment(**recipe, engine=engine, xla=xla), 20)
    assert measured == pytest.approx(kept["off"], rel=1e-5)


@pytest.mark.parametrize(
    "changes", [{}, {"logical_devices": 2}, {"accumulate": 2}, {"cpu_parts": 2}], ids=str
)
def test_augmentation_as_a_program_of_its_own_computes_the_same(make_experiment, changes, kept):
    recipe = {"batch_size": 64, "augment": ("flip", "crop", "mixup")}
    if "augmented" not in kept:
        kept["augmented"], _ = losses(make_experiment(**recipe, xla="off"), 10)
    measured, _ = losses(make_experiment(**recipe, xla="update", **changes), 10)
    assert measured == pytest.approx(kept["augmented"], rel=1e-5)


@pytest.mark.slow
def test_equals_keras_fit(make_experiment):
    """The same weights, the same batches in the same order: the same losses and weights."""
    built = make_experiment(batch_size=32, steps=40)
    split = built.data.source.splits["train"]
    steps = split.num_examples // 32
    twin = keras.Sequential([keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])
    rows = np.concatenate(
        [
            order.batch_indices(k, num_examples=split.num_examples, batch_size=32, seed=0)
            for k in range(steps)
        ]
    )
    arrays = split.arrays()
    x = np.asarray(built.data.preprocess(arrays)).reshape(split.num_examples, -1)[rows]
    twin.build(x.shape)
    twin.set_weights([np.asarray(w) for w in built.state.read()["trainable"]])
    twin.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = twin.fit(x, arrays["label"][rows], batch_size=32, shuffle=False, verbose=0)
    weights = twin.get_weights()
    del twin
    gc.collect()  # now: the older fit's iterator gets, the longer its end takes, up to a minute
    measured, learnt = losses(built, steps)
    assert np.mean(measured) == pytest.approx(history.history["loss"][0], rel=1e-5)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=2e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_lower_precisions_learn_with_float32_weights(make_experiment, precision):
    built = make_experiment(precision=precision, batch_size=64, xla="off")
    measured, weights = losses(built, 100)
    assert np.mean(measured[-10:]) < np.mean(measured[:10]) / 3
    assert all(w.dtype == np.float32 for w in weights)


@pytest.mark.slow
def test_averaged_weights_are_what_is_evaluated_and_exported(make_experiment):
    built = make_experiment(ema=0.99, batch_size=64, xla="off")
    losses(built, 30)
    answered, _ = built.state.read_for_answers()
    trained = built.state.read()["trainable"]
    assert not np.allclose(answered[0], trained[0], atol=1e-3)
    x = tf.cast(built.data.source.splits["test"].arrays()["image"], tf.float32)
    labels = built.data.source.splits["test"].arrays()["label"]
    hidden = (
        tf.reshape(built.data.preprocess({"image": x}), (len(x), -1)) @ answered[0] + answered[1]
    )
    logits = tf.nn.relu(hidden) @ answered[2] + answered[3]
    accuracy = np.mean(np.argmax(logits, -1) == labels)
    assert built.evaluate("test").metrics["accuracy"] == pytest.approx(accuracy, abs=1e-6)


@pytest.fixture
def overflowing(make_experiment, save_npz):
    """overflowing(**changes): one example of 64 overflows float16, so one step of each two."""
    x = np.zeros((64, 2), np.float32)
    x[:, 1] = np.tile([-1, 1], 32)
    x[17, 0] = 1.0  # nearly 8 standard deviations, whose sixth power exceeds float16
    y = np.arange(64) % 2
    path = save_npz(
        x_train=x, y_train=y, x_validation=x, y_validation=y, x_test=x, y_test=y
    )  # fmt: skip

    def make(**changes):
        built = make_experiment(
            dataset=f"npz:{path}", model="tests.models_for_tests:Powers", batch_size=32,
            precision="float16", optimizer="sgd", **changes,
        )  # fmt: skip
        built.engine.restart(0)
        return built

    return make


@pytest.mark.parametrize("shards", [False, True])
def test_an_overflow_on_one_replica_skips_the_step_on_all(overflowing, shards):
    """Of two steps, one is skipped, by both replicas."""
    built = overflowing(logical_devices=2, learning_rate=1e-6, shard_optimizer=shards)
    result = built.run_loop(0, 2)
    assert result.bad_step is None
    assert result.sums["skipped"] == pytest.approx(1)
    for replica in range(2):
        values = built.state.read(replica)
        assert float(values["scale"][0]) == 2.0**14
        assert int(values["optimizer"][0]) == 1  # updates made
        assert all(np.isfinite(w).all() for w in values["trainable"])


@pytest.mark.parametrize("changes", [{"xla": "off"}, {"logical_devices": 2}], ids=str)
def test_the_schedule_reaches_its_end_past_skipped_updates(overflowing, changes):
    """A rate that is 0 from the middle of the run on: nothing moves from there, on any clock."""
    built = overflowing(
        steps=8, learning_rate=1e-3, schedule="step", schedule_arg=("at=0.5", "factor=0"), **changes
    )
    run, weights = built.run_loop, [built.state.read()["trainable"][0]]
    for first in (0, 4):
        assert run(first, 4).sums["skipped"] == pytest.approx(2)
        weights.append(built.state.read()["trainable"][0])
    assert not np.array_equal(weights[0], weights[1])
    assert np.array_equal(weights[1], weights[2])


def test_the_log_has_the_learning_rate_of_the_step(make_config):
    """Every update of this model is skipped; the optimizer's own count stays at 0."""
    config = make_config(
        model="tests.models_for_tests:Exploding", nan_policy="skip", steps=20, log_every="5",
        schedule="linear", learning_rate=1.0,
    )  # fmt: skip
    folder = pathlib.Path(tfapp.run(config).model_dir)
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    rates = {r["step"]: r["learning_rate"] for r in records if r["split"] == "train"}
    assert rates == pytest.approx({5: 0.75, 10: 0.5, 15: 0.25, 20: 0.0})


def test_skip_leaves_a_bad_batch_out(make_experiment):
    """A batch whose loss is infinite changes nothing, and training goes on."""
    built = make_experiment(
        model="tests.models_for_tests:Exploding", nan_policy="skip", batch_size=64, xla="off"
    )
    before = [np.asarray(w) for w in built.state.read()["trainable"]]
    built.engine.restart(0)
    result = built.run_loop(0, 3)
    assert (result.bad_step, result.sums["skipped"]) == (None, 3)
    for old, new in zip(before, built.state.read()["trainable"], strict=True):
        assert np.array_equal(old, new)
