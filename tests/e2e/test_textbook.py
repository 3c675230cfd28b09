"""The network of every introduction to Keras, as written there, from file to served answer."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfapp.registry import load_object
from tfapp.seed_recipe import SEED

README = (ROOT / "README.md").read_text()


@pytest.fixture
def textbook():
    """The model of README's example, in textbook.py."""
    block = next(part for part in README.split("```python\n") if 'activation="softmax"' in part)
    pathlib.Path("textbook.py").write_text(block.partition("```")[0])
    return "textbook.py:Net"


def answers(folder, images):
    serve = tf.saved_model.load(f"{folder}/export/1").signatures["serving_default"]
    return serve(image=images)


def test_the_textbooks_model_on_images_needs_flatten(run_cli, textbook):
    done = run_cli(f"--model={textbook}", "--model_dir=run")
    assert (done.code, len(done.err.splitlines()[-1].split(": ")[0])) == (2, len("tfapp"))
    assert "it has no Flatten for examples of shape [8, 8, 1]: add" in done.err
    assert "use --flatten, which gives it vectors" in done.err


def test_the_textbooks_model_trains_and_answers_with_its_own_softmax(run_cli, textbook):
    flags = ("--flatten", "--steps=60", "--learning_rate=0.01", "--xla=off", "--precision=float32")
    done = run_cli(f"--model={textbook}", *flags, "--model_dir=run")
    assert done.code == 0, done.err
    assert "model: ends in a softmax; the loss takes the softmax's input" in done.err
    images = np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1), np.uint8)
    probabilities = answers("run", images)["probabilities"].numpy()
    assert probabilities.sum(-1) == pytest.approx(np.ones(5), abs=1e-5)
    assert probabilities.max() > 0.5  # a softmax of probabilities would stay below 0.24
    evaluated = run_cli("--mode=eval", "--model_dir=run")
    assert evaluated.code == 0, evaluated.err


@pytest.mark.slow
def test_it_ends_as_the_same_network_with_logits(run_cli, textbook):
    """With mlp, which flattens by itself and gives logits."""
    values = {**SEED, "augment": "none"}
    recipe = (f"--{field}={value}" for field, value in values.items() if field != "model")
    flags = ("--steps=60", "--xla=off", "--precision=float32", "--nocalibrate", *recipe)
    for name, more in (("net", (f"--model={textbook}", "--flatten")), ("mlp", ("--model=mlp",))):
        assert run_cli(*more, *flags, f"--model_dir={name}").code == 0
    images = np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1), np.uint8)
    one, other = answers("net", images), answers("mlp", images)
    np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-5)


BINARY = """
import keras

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(16, activation="relu")
        self.last = keras.layers.Dense(1, activation="sigmoid")
        self.compile(optimizer="adam", loss="binary_crossentropy")

    def call(self, x):
        return self.last(self.hidden(x))
"""


def test_a_sigmoid_on_a_table_of_two_classes(run_cli, tmp_path):
    random = np.random.default_rng(0)
    ages, towns = random.integers(18, 80, 300), random.choice(list("abc"), 300)
    classes = np.where(ages + 10 * (towns == "a") > 50, "high", "low")
    lines = [f"{a},{t},{c}" for a, t, c in zip(ages, towns, classes, strict=True)]
    (tmp_path / "people.csv").write_text("\n".join(["age,town,income", *lines]) + "\n")
    (tmp_path / "binary.py").write_text(BINARY)
    data = ("--dataset=csv:people.csv", "--label=income")
    done = run_cli("--model=binary.py:Net", *data, "--model_dir=run", "--flatten", "--steps=150",
                   "--learning_rate=0.01", "--xla=off", "--precision=float32")  # fmt: skip
    assert done.code == 0, done.err
    assert "the sigmoid's input as the logit of the class 'low'" in done.err
    assert "model: compiled with Adam and the loss binary_crossentropy: not used" in done.err
    assert run_cli("--mode=predict", "--model_dir=run", "--input=people.csv",
                   "--output=answers.npz").code == 0  # fmt: skip
    with np.load("answers.npz") as file:
        found = dict(file)
    assert (found["class_name"].astype(str) == classes).mean() > 0.9
    assert found["probabilities"].sum(-1) == pytest.approx(np.ones(300), abs=1e-5)
    without = run_cli("--model=binary.py:Net", *data, "--model_dir=apart")
    assert without.code == 2
    assert "a dict of features: --flatten gives the model one vector" in without.err


def test_readmes_example_is_an_ordinary_keras_model(textbook):
    model = load_object(textbook, "model")()
    assert isinstance(model, keras.Model)
    assert np.asarray(model(np.zeros((2, 64)))).sum(-1) == pytest.approx(np.ones(2), abs=1e-5)
