"""Sets of labels, several quantities, quantiles: trained, evaluated, exported and served."""

import csv
import json
import pathlib
import shutil

import numpy as np
import pytest

ROWS, TRAIN_ROWS = 240, 180
NAMES = ("red", "old", "big")
# Quick: no measuring, no compilation.
QUICK = (
    "--xla=off", "--precision=float32", "--model=tabular", "--steps=60", "--batch_size=32",
    "--learning_rate=0.01", "--evaluate_every=20", "--checkpoint_every=20", "--ema=0.9",
)  # fmt: skip


@pytest.fixture
def rows():
    """The rows of data/test.csv, and data/train.csv.

    Numbers, a town, a set of labels, two quantities in units of their own.
    """
    random = np.random.default_rng(0)
    made = []
    for i in range(ROWS):
        a, b, c = random.normal(size=3)
        town = ("Bern", "Zug")[i % 2]
        tags = [n for n, has in zip(NAMES, (a > 0, b > 0.5, town == "Zug"), strict=True) if has]
        made.append(
            {
                "a": f"{a:.4f}",
                "b": f"{b:.4f}",
                "town": town,
                "tags": "|".join(tags) or "|",
                "price": f"{1000 * a + 100 * c:.2f}",
                "weight of it": f"{b + 0.1 * c:.4f}",
            }
        )
    pathlib.Path("data").mkdir()
    parts = {"train": made[:TRAIN_ROWS], "test": made[TRAIN_ROWS:]}
    for split, part in parts.items():
        with open(f"data/{split}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, made[0])
            writer.writeheader()
            writer.writerows(part)
    return parts["test"]


@pytest.fixture
def command(run_cli, rows):
    """command(*flags): what a command prints."""
    del rows

    def run(*flags):
        done = run_cli(*flags)
        assert done.code == 0, done.err
        return done.out

    return run


def train(command, label, *flags):
    """The summary of a run, which continues if it is there."""
    flags = ("--dataset=csv:data", f"--label={label}", "--features=a,b,town", *QUICK, *flags)
    command(*flags, "--model_dir=run")
    return json.loads(pathlib.Path("run/summary.json").read_text())


def predicted(command, *flags):
    """The rows that --mode=predict writes for data/test.csv."""
    command(
        "--mode=predict", "--model_dir=run", "--input=data/test.csv", "--output=out.csv", *flags
    )
    with open("out.csv", newline="") as file:
        return list(csv.DictReader(file))


def evaluated(command):
    return json.loads(command("--mode=eval", "--model_dir=run", "--split=train"))


def check_again(command, summary):
    """--mode=eval finds what the run measured, by what it decided about its data."""
    again = evaluated(command)
    for name, value in summary["metrics"]["train"].items():
        assert again[name] == pytest.approx(value, rel=1e-5, nan_ok=True), name
    assert summary["trivial"].keys() <= summary["metrics"]["test"].keys()


def test_sets_of_labels(command, rows):
    summary = train(command, "tags")
    test = summary["metrics"]["test"]
    assert test["subset_accuracy"] > summary["trivial"]["subset_accuracy"] + 0.2
    assert test["micro_f1"] > summary["trivial"]["micro_f1"] + 0.1
    assert summary["intervals"]["test"].keys() >= {"subset_accuracy", "micro_f1", "hamming_loss"}
    assert summary["worst_class"]["name"] in NAMES
    kept = json.loads(pathlib.Path("run/preprocessing.json").read_text())
    assert kept["label"] == "multi_label"
    check_again(command, summary)
    answers = predicted(command, "--keep_columns=tags")
    assert list(answers[0])[:3] == ["input", "tags", "labels"]
    right = 0
    for answer in answers:
        likely = [n for n in sorted(NAMES) if float(answer[f"probability_{n}"]) >= 0.5]
        assert answer["labels"] == "|".join(likely)
        right += set(likely) == {tag for tag in answer["tags"].split("|") if tag}
    assert right / len(rows) == pytest.approx(test["subset_accuracy"])


@pytest.mark.slow
def test_several_quantities(command, rows):
    summary = train(command, "price,weight of it")
    test = summary["metrics"]["test"]
    for error in ("mean_absolute_error", "root_mean_squared_error"):
        each = [test[f"{error}_{name}"] for name in ("price", "weight of it")]
        assert test[error] == pytest.approx(np.mean(each))
        assert each[0] < 0.5 * summary["trivial"][f"{error}_price"]
        assert each[1] < 0.5 * summary["trivial"][f"{error}_weight of it"]
    assert test["r2"] == pytest.approx(np.mean([test["r2_price"], test["r2_weight of it"]]))
    check_again(command, summary)
    answers = predicted(command)
    found = np.array([float(answer["value_price"]) for answer in answers])
    errors = found - [float(row["price"]) for row in rows]
    measured = test["mean_absolute_error_price"]
    assert np.abs(errors).mean() == pytest.approx(measured, rel=1e-4)
    assert "value_weight of it" in answers[0]


@pytest.mark.slow
def test_quantiles(command, rows):
    flags = ("price", "--task=quantile_regression", "--quantiles=0.9,0.5,0.1", "--monitor=loss")
    summary = train(command, *flags)
    test = summary["metrics"]["test"]
    assert test["pinball_loss"] < 0.6 * summary["trivial"]["pinball_loss"]
    assert test["mean_width"] < 0.6 * summary["trivial"]["mean_width"]
    check_again(command, summary)
    answers = predicted(command)
    found = np.array([[float(a[f"q{q}"]) for q in (0.1, 0.5, 0.9)] for a in answers])
    assert (np.diff(found) >= 0).all()
    prices = np.array([float(row["price"]) for row in rows])
    # Without its last checkpoint the run goes on from the one before, to the same end.
    shutil.rmtree("run/checkpoints/step-00000060")
    pathlib.Path("run/summary.json").unlink()
    assert train(command, *flags)["metrics"] == summary["metrics"]
    inside = (found[:, 0] <= prices) & (prices <= found[:, 2])
    assert inside.mean() == pytest.approx(test["coverage"])
    assert (found[:, 2] - found[:, 0]).mean() == pytest.approx(test["mean_width"], rel=1e-4)


@pytest.mark.parametrize(
    "flags, message",
    [
        (("--label=town", "--task=quantile_regression"), "label town of csv:data holds words"),
        (("--label=price", "--quantiles=0.5"), "--quantiles: --task=auto does not take it"),
        (("--label=price,tags",), "several columns must hold numbers, but tags of csv:data holds"),
        (("--label=tags", "--task=multi_label", "--class_weight=balanced"), "does not take it"),
        (
            ("--label=tags", "--class_weight=balanced"),
            "--class_weight: an example may have several",
        ),
        (("--label=price", "--task=quantile_regression", "--monitor=coverage"), "--monitor=cover"),
    ],
)
def test_contradictions_are_one_line(run_cli, rows, flags, message):
    done = run_cli("--dataset=csv:data", "--features=a,b", "--model_dir=run", *QUICK, *flags)
    assert done.code in (2, 3)
    assert message in done.err.splitlines()[-1]
