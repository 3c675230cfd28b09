"""Tables and texts, from the file to a served model that repeats what evaluation measured."""

import hashlib
import json
import pathlib

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import tensorflow as tf

import tfapp
from tfapp.data.pipeline import order

ROWS = 400


def make_table(path, rows=ROWS, seed=0):
    """Writes numbers with gaps, a category, a flag, a date, a note, and two labels."""
    random = np.random.default_rng(seed)
    size, town = random.normal(50, 20, rows), random.choice(["Bern", "Zug", "Genf"], rows)
    lines = ["size,town,open,since,note,price,class"]
    for i in range(rows):
        bonus = {"Bern": 0, "Zug": 30, "Genf": -30}[town[i]]
        price = 1000 * (size[i] + bonus) + 50_000
        gap = "" if i % 9 == 0 else f"{size[i]:.3f}"
        note = f'"{("a fine, bright house" if bonus > 0 else "an old, dark house")} number {i}"'
        lines.append(
            f"{gap},{town[i]},{('true', 'false')[i % 2]},2024-0{1 + i % 9}-11,{note},"
            f"{price:.1f},{'dear' if size[i] + bonus > 50 else 'cheap'}"
        )
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def lines_of(path):
    return pathlib.Path(path).read_text().splitlines()


def train(**changes):
    defaults = {
        "model_dir": "run",
        "epochs": 12,
        "batch_size": 32,
        "learning_rate": 3e-3,
        "xla": "off",
        "precision": "float32",
    }  # quick: no measuring, no compilation
    return tfapp.run(tfapp.Config(**{**defaults, **changes}))


def predict(run_cli, path, output="out.jsonl", model_dir="run"):
    done = run_cli(
        "--mode=predict", f"--model_dir={model_dir}", f"--input={path}", f"--output={output}"
    )
    assert done.code == 0, done.err
    return [json.loads(line) for line in pathlib.Path(output).read_text().splitlines()]


def convert(path, ending):
    """The table at `path` in another format, numbers as numbers."""
    table = pyarrow.csv.read_csv(path)
    new = pathlib.Path(path).with_suffix(ending)
    if ending == ".parquet":
        pyarrow.parquet.write_table(table, new)
    else:
        rows = table.to_pylist()
        new.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    return new


@pytest.fixture
def splits():
    """train.csv and test.csv in the folder data."""
    pathlib.Path("data").mkdir()
    make_table("data/train.csv")
    make_table("data/test.csv", 100, seed=1)


@pytest.mark.slow
def test_a_classifier_of_rows_is_served_with_its_measured_accuracy_and_loss(run_cli, splits):
    result = train(
        dataset="csv:data", label="class", features=("size", "town", "open", "since", "note")
    )
    assert result.metrics["test"]["accuracy"] > 0.85
    answers = predict(run_cli, "data/test.csv")
    labels = [line.rsplit(",", 1)[1] for line in lines_of("data/test.csv")[1:]]
    right = np.mean([a["class_name"] == label for a, label in zip(answers, labels, strict=True)])
    assert right == pytest.approx(result.metrics["test"]["accuracy"], abs=1e-9)
    likelihood = [
        answer["probabilities"][label] for answer, label in zip(answers, labels, strict=True)
    ]
    assert -np.log(likelihood).mean() == pytest.approx(result.metrics["test"]["loss"], rel=1e-5)
    for ending in (".parquet", ".jsonl"):
        path = convert("data/test.csv", ending)
        others = predict(run_cli, path, f"out{ending}.jsonl")
        assert [a["class_name"] for a in others] == [a["class_name"] for a in answers]
    serve = tf.saved_model.load(f"{result.export_dir}").signatures["serving_default"]
    answer = serve(  # missing and unknown values
        size=tf.constant([np.nan]), town=tf.constant(["Paris"]), open=tf.constant([1.0]),
        since=tf.constant([""]), note=tf.constant(["🙂"]),
    )  # fmt: skip
    assert np.isfinite(answer["probabilities"]).all()


@pytest.mark.slow
def test_real_values_are_answered_in_the_unit_of_the_label(run_cli, splits):
    result = train(dataset="csv:data", label="price", features=("size", "town"), epochs=40)
    test = result.metrics["test"]
    # The standard deviation is 32,000; a ninth of the sizes are missing.
    assert test["root_mean_squared_error"] < 12_000
    answers = predict(run_cli, "data/test.csv")
    prices = np.array([float(line.split(",")[-2]) for line in lines_of("data/test.csv")[1:]])
    errors = np.array([a["value"] for a in answers]) - prices
    assert np.abs(errors).mean() == pytest.approx(test["mean_absolute_error"], rel=1e-4)
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(
        test["root_mean_squared_error"], rel=1e-4
    )


@pytest.mark.slow
def test_a_text_with_a_label(run_cli, splits):
    result = train(
        dataset="csv:data",
        label="class",
        features=("note",),
        epochs=4,
        model_arg=("width=16", "filters=16"),
    )
    assert result.summary["status"] == "done"
    pathlib.Path("notes.txt").write_text("a fine, bright house\nan old, dark house\n")
    answers = predict(run_cli, "notes.txt")
    assert [a["class_name"] for a in answers] == ["dear", "cheap"]


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["characters", "subwords"])
def test_a_language_model_predicts_the_next_token(run_cli, unit):
    pathlib.Path("text.txt").write_text(
        "the cat sat on the mat and the dog lay on the log.\n" * 200
    )
    result = train(
        dataset="text:text.txt", text_length=24, text_unit=unit, vocabulary_size=60, epochs=6,
        model_arg=("width=32", "depth=1", "heads=2"), batch_size=16, learning_rate=1e-2,
    )  # fmt: skip
    test = result.metrics["test"]
    assert test["loss"] < 1.5
    assert test["perplexity"] == pytest.approx(np.exp(test["loss"]), rel=1e-6)
    pathlib.Path("prompts.txt").write_text("the cat sat on the\nthe dog\n")
    answers = predict(run_cli, "prompts.txt")
    assert [a["next_token"][0] for a in answers] == [" ", " "]
    assert all(sum(a["probabilities"]) == pytest.approx(1, abs=1e-4) for a in answers)


@pytest.mark.slow
def test_a_served_language_model_has_the_measured_loss(run_cli):
    pathlib.Path("text.txt").write_text(
        "the cat sat on the mat and the dog lay on the log.\n" * 100
    )
    result = train(
        dataset="text:text.txt",
        text_length=20,
        epochs=1,
        batch_size=16,
        model_arg=("depth=1", "width=32"),
    )
    text = pathlib.Path("text.txt").read_text()
    test = text[len(text) - len(text) // 10 :]
    windows = [test[i : i + 21] for i in range(0, len(test) - 20, 20)]
    serve = tf.saved_model.load(result.export_dir).signatures["serving_default"]
    loss = serve(text=tf.constant(windows))["loss"].numpy().mean()
    assert loss == pytest.approx(result.metrics["test"]["loss"], rel=1e-5)


@pytest.mark.parametrize("accept", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_category_that_train_does_not_have(run_cli, splits, accept):
    with open("data/test.csv", "a") as file:
        file.write("50,Paris,true,2024-01-11,a house,50000.0,cheap\n")
    flags = [] if accept else ["--unknown_category=stop"]
    done = run_cli(
        "--dataset=csv:data", "--label=class", "--features=town,size", "--dry_run", *flags
    )
    if accept:
        assert done.code == 0, done.err
        assert "have a town that does not occur in train, such as 'Paris'" in done.err
    else:
        assert done.code == 3
        last = done.err.splitlines()[-1]
        assert last.startswith(
            "tfapp: data/test.csv, row 101: town 'Paris' does not occur in train"
        )


@pytest.mark.slow
def test_skipped_examples_are_listed_in_the_run(run_cli, splits):
    with open("data/train.csv", "a") as file:
        file.write("50,Bern,true\n50,Bern,true,2024-01-11,a house,50000.0,\n")
    done = run_cli(
        "--dataset=csv:data", "--label=class", "--model_dir=run", "--steps=3", "--export=none",
        "--max_bad_examples=1%",
    )  # fmt: skip
    assert done.code == 0, done.err
    entries = [json.loads(line) for line in lines_of("run/bad_examples.jsonl")]
    assert [e["example"] for e in entries] == ["data/train.csv, row 401", "data/train.csv, row 402"]
    assert "2 bad examples skipped, listed in run/bad_examples.jsonl" in done.err


def hash_of_order(experiment, first, count, batch_size, replicas):
    """A hash over the rows of steps [first, first + count), as the engine delivers them."""
    engine = experiment.engine
    engine.restart(first)
    digest = hashlib.sha256()
    for step in range(first, first + count):
        pulled = engine.pull(engine.inputs, tf.constant(step, tf.int64))
        indices = order.batch_indices(
            step, num_examples=experiment.data.source.splits["train"].num_examples,
            batch_size=batch_size, seed=experiment.config.seed,
        )  # fmt: skip
        expected = experiment.data.source.splits["train"].arrays()["size"][indices.numpy()]
        rows = _rows(engine, pulled, replicas)
        assert np.array_equal(rows, expected, equal_nan=True)
        digest.update(rows.tobytes())
    return digest.hexdigest()


def _rows(engine, pulled, replicas):
    if engine.name == "stream":
        parts = getattr(pulled["size"], "values", (pulled["size"],))
        return np.concatenate([part.numpy() for part in parts])
    arrays, step = pulled
    local = [{k: getattr(v, "values", (v,))[i] for k, v in arrays.items()}
             for i in range(len(getattr(arrays["size"], "values", (0,))))]  # fmt: skip
    return np.concatenate(
        [engine.batch((local[i], step), i)["size"].numpy() for i in range(replicas)]
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["resident", "stream"])
def test_a_resume_in_mid_epoch_continues_with_the_same_rows(make_experiment, splits, engine):
    """They come in the same order on one replica and on two."""
    hashes = set()
    for devices in (0, 2):
        built = make_experiment(
            dataset="csv:data", label="class", features=("size", "town"), engine=engine,
            logical_devices=devices,
        )  # fmt: skip
        hashes.add(hash_of_order(built, 7, 12, 32, max(devices, 1)))
    assert len(hashes) == 1
