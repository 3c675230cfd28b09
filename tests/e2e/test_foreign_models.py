"""Models of other people: operations that XLA lacks, draws without a seed, frozen parts."""

import json
import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses


class Base(keras.Model):
    """A linear model of digits, which a subclass changes in training."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        hidden = self.flatten(inputs)
        return self.head(self.change(hidden) if training else hidden)


class Poisson(Base):
    def change(self, x):
        return x + tf.random.poisson(tf.shape(x), 1.0)


class Spelled(Base):
    def change(self, x):
        return x * tf.strings.to_number(tf.strings.as_string(x[:, :1]))


class Shape(Base):
    def change(self, x):
        width = 64 * tf.cast(tf.reduce_min(x) > -1e9, tf.int32)
        return tf.ensure_shape(tf.reshape(x, [-1, width]), x.shape)


LACKS = {
    Poisson: "it has no form of RandomPoissonV2",
    Spelled: "it has no form of AsString",
    Shape: "a shape depends on the numbers in a batch",
}


@pytest.mark.parametrize(
    "kind",
    [Poisson, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (Spelled, Shape))],
    ids=lambda kind: kind.__name__,
)
def test_what_xla_cannot_compile_trains_without_it(run_cli, kind):
    flags = [f"--model={__name__}:{kind.__name__}", "--steps=3", "--model_dir=run"]
    done = run_cli(*flags, "--precision=float32", "--export=none")
    assert done.code == 0, done.err
    assert f"xla: loop is left out: XLA cannot compile the model: {LACKS[kind]}" in done.err


def test_a_forced_placement_that_cannot_compile_is_one_line(run_cli):
    flags = [f"--model={__name__}:Poisson", "--steps=3", "--model_dir=run", "--xla=step"]
    done = run_cli(*flags, "--precision=float32", "--export=none")
    assert done.code == 2
    line = done.err.splitlines()[-1]
    assert "--xla=step: XLA cannot compile the model: it has no form of RandomPoissonV2" in line
    assert line.endswith("use --xla=update")


class Cropped(Base):
    """XLA compiles it, and resizes the image in place of the crop."""

    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.crop = keras.layers.RandomCrop(8, 8)
        self.pad, self.fit = keras.layers.ZeroPadding2D(1), keras.layers.CenterCrop(8, 8)

    def call(self, inputs, training=False):
        return self.head(self.flatten(self.fit(self.crop(self.pad(inputs), training=training))))


def test_layers_that_keras_keeps_out_of_xla_stay_out(run_cli):
    flags = [f"--model={__name__}:Cropped", "--steps=3", "--model_dir=run", "--export=none"]
    done = run_cli(*flags, "--precision=float32", "--xla=loop")
    assert done.code == 2
    assert re.search(r"--xla=loop: XLA has no form of the layer random_crop\w*;", done.err)
    done = run_cli(*flags, "--precision=float32")
    assert done.code == 0, done.err
    assert json.loads(pathlib.Path("run/choices.json").read_text())["xla"] == "update"


def saved(checkpoint):
    """Name -> value of each variable."""
    reader = tf.train.load_checkpoint(f"{checkpoint}/variables")
    names = reader.get_variable_to_shape_map()  # the object graph holds Keras's names
    return {n: reader.get_tensor(n) for n in names if n != "_CHECKPOINTABLE_OBJECT_GRAPH"}


@pytest.mark.slow
def test_a_frozen_base_trains_its_head_and_is_exported(run_cli, save_npz):
    digits = np.random.default_rng(0).uniform(0, 16, (4, 8, 8, 1)).astype("u1")
    done = run_cli(
        "--model=tests.foreign_models:transfer", "--steps=4", "--model_dir=run", "--ema=0.9",
    )  # fmt: skip
    assert done.code == 0, done.err
    names = list(saved("run/checkpoints/step-00000004"))
    assert sum("/trainable." in name for name in names) == 2  # the head
    assert sum("/non_trainable." in name for name in names) > 100
    done = run_cli("--mode=eval", "--model_dir=run")
    assert done.code == 0, done.err
    flags = [f"--input={save_npz(image=digits)}", "--output=answers.csv"]
    done = run_cli("--mode=predict", "--model_dir=run", *flags)
    assert done.code == 0, done.err


@pytest.mark.slow
@pytest.mark.parametrize("model", ["random", "Kept"])
def test_a_resumed_run_draws_what_it_would_have_drawn(run_cli, model):
    """Dropout, and what is drawn without a seed: by --steps=3, then 6, as by 6 at once."""
    flags = [f"--model=tests.foreign_models:{model}", "--xla=off", "--precision=float32"]
    flags += ["--export=none", "--schedule=constant"]
    for folder, steps in (("parts", 3), ("parts", 6), ("once", 6)):
        done = run_cli(*flags, f"--model_dir={folder}", f"--steps={steps}")
        assert done.code == 0, done.err
    parts, once = (saved(f"{folder}/checkpoints/step-00000006") for folder in ("parts", "once"))
    assert len(once) > 4
    assert {k: v.tolist() for k, v in parts.items()} == {k: v.tolist() for k, v in once.items()}


@pytest.mark.slow
def test_two_replicas_train_a_foreign_network_as_one_does(make_experiment):
    changes = {"model": "tests.foreign_models:convnext", "batch_size": 16, "xla": "off"}
    changes |= {"precision": "float32", "optimizer": "sgd", "learning_rate": 0.01}
    expected, weights = losses(make_experiment(**changes), 10)
    measured, learnt = losses(make_experiment(**changes, logical_devices=2), 10)
    assert measured == pytest.approx(expected, rel=1e-4)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)


@pytest.mark.slow
def test_replicas_draw_differently_without_a_seed(make_experiment):
    built = make_experiment(model="tests.foreign_models:Kept", logical_devices=2, xla="off")
    alone = make_experiment(model="tests.foreign_models:Kept", xla="off")
    drawn = []
    for experiment in (built, alone, built):
        experiment.engine.restart(0)
        for step in range(2):
            experiment.run_loop(step, 1)
            drawn.append(next(v for v in experiment.model.variables if v.name == "drawn").numpy())
    assert len({tuple(np.round(d, 5)) for d in drawn}) == 6  # replicas are averaged
    states = [
        next(v for v in e.model.variables if v.path.endswith("seed_generator_state")).numpy()
        for e in (built, alone)
    ]
    assert states[0].tolist() == [states[1][0], 4]


@pytest.mark.slow
def test_remat_draws_the_same_again_without_a_seed(make_experiment):
    changes = {"model": "tests.foreign_models:residual", "xla": "off", "precision": "float32"}
    expected, _ = losses(make_experiment(**changes), 5)
    measured, _ = losses(make_experiment(**changes, remat=True), 5)
    assert measured == pytest.approx(expected, rel=1e-5)
