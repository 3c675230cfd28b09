"""Real data sets and their recipes: the served model repeats what evaluation measured."""

import csv
import gzip
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT

pytestmark = pytest.mark.slow
QUICK = ("--xla=off", "--precision=float32")  # no measuring, no compilation


@pytest.fixture
def train(run_cli):
    """train(recipe, *flags): metrics of the test split after some steps of a recipe."""

    def run(recipe, *flags):
        done = run_cli(
            f"--flagfile={ROOT}/recipes/{recipe}.flags", "--model_dir=run", *QUICK, *flags
        )
        assert done.code == 0, done.err
        return json.loads(pathlib.Path("run/summary.json").read_text())["metrics"]["test"]

    return run


@pytest.fixture
def predict(run_cli):
    """predict(path): the served model's answers, one per row or file."""

    def run(path):
        done = run_cli("--mode=predict", "--model_dir=run", f"--input={path}", "--output=out.jsonl")
        assert done.code == 0, done.err
        return [json.loads(line) for line in pathlib.Path("out.jsonl").read_text().splitlines()]

    return run


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def held_out_test_split(make_experiment, **changes):
    """The test split that a run with `changes` holds out."""
    return make_experiment(xla="off", precision="float32", **changes).data.source.splits["test"]


def check_classes(answers, truth, metrics, rel=1e-5):
    """Checks that `answers` have the accuracy and log loss in `metrics`; `truth`: class names."""
    found = [a["class_name"] for a in answers]
    assert np.mean(np.array(found) == truth) == pytest.approx(metrics["accuracy"], abs=1e-9)
    likelihood = [a["probabilities"][name] for a, name in zip(answers, truth, strict=True)]
    assert -np.log(likelihood).mean() == pytest.approx(metrics["log_loss"], rel=rel)


def test_the_census(train, predict, test_data):
    path = test_data / "adult" / "adult_test.csv"
    metrics = train("adult", f"--dataset=csv:{path.parent}", "--epochs=1")
    assert metrics["accuracy"] > 0.84
    check_classes(predict(path), [row["income"] for row in rows_of(path)], metrics)


def test_houses(train, predict, make_experiment, test_data):
    path = test_data / "california_housing" / "housing.csv"
    metrics = train("california_housing", f"--dataset=csv:{path}", "--epochs=3")
    assert metrics["root_mean_squared_error"] < 65_000
    split = held_out_test_split(make_experiment, dataset=f"csv:{path}", label="median_house_value")
    names = [split.name_of(i) for i in range(split.num_examples)]
    rows = [int(name.rsplit(" ", 1)[1]) - 1 for name in names]
    prices = [float(row["median_house_value"]) for row in rows_of(path)]
    answers = predict(path)
    errors = np.array([answers[row]["value"] - prices[row] for row in rows])
    assert np.abs(errors).mean() == pytest.approx(metrics["mean_absolute_error"], rel=1e-5)


def test_sentences_of_77_intents(train, predict, test_data):
    path = test_data / "banking77" / "test.csv"
    metrics = train("banking77", f"--dataset=csv:{path.parent}", "--steps=60")
    assert metrics["accuracy"] > 0.05  # of 77 classes
    check_classes(predict(path), [row["category"] for row in rows_of(path)], metrics)


def test_photographs_in_folders(train, predict, make_experiment, test_data):
    folder = test_data / "sign_language_digits" / "images"
    metrics = train("sign_language_digits", f"--dataset=folder:{folder}", "--steps=20")
    split = held_out_test_split(make_experiment, dataset=f"folder:{folder}", model="mlp")
    paths = [split.reader.where(row) for row in split.rows]
    pathlib.Path("files.txt").write_text("\n".join(paths) + "\n")
    truth = [pathlib.Path(path).parent.name for path in paths]
    check_classes(predict("files.txt"), truth, metrics, rel=1e-4)


def test_fashion_mnist_from_files_fetched_by_hand(train, predict, test_data):
    folder = test_data / "fashion_mnist"
    metrics = train(
        "fashion_mnist", "--offline", f"--manual_dir={folder}", "--steps=100", "--model=mlp"
    )
    assert metrics["accuracy"] > 0.6
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    np.savez("images.npz", image=images)
    found = np.array([answer["class_id"] for answer in predict("images.npz")])
    assert np.mean(found == labels) == pytest.approx(metrics["accuracy"], abs=1e-9)


def test_plays(train, test_data):
    path = test_data / "tiny_shakespeare" / "input.txt"
    metrics = train(
        "tiny_shakespeare", f"--dataset=text:{path}", "--steps=10", "--text_length=64",
        "--model=gpt", "--model_arg=width=32", "--model_arg=depth=2", "--model_arg=heads=2",
    )  # fmt: skip
    text = path.read_text()
    text = text[len(text) - len(text) // 10 :]
    windows = [text[i : i + 65] for i in range(0, len(text) - 64, 64)]
    serve = tf.saved_model.load("run/export/1").signatures["serving_default"]
    losses = [
        serve(text=tf.constant(windows[i : i + 256]))["loss"] for i in range(0, len(windows), 256)
    ]
    assert np.concatenate(losses).mean() == pytest.approx(metrics["loss"], rel=1e-5)
