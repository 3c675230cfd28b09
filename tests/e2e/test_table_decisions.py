"""What is decided about columns and label holds from the log to the exported model's answers."""

import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
import tensorflow as tf

import tfapp
from tfapp import cli

QUICK = {"xla": "off", "precision": "float32", "writers": ("jsonl",)}
RNG = np.random.default_rng(0)


def write(folder, name, columns):
    folder.mkdir(exist_ok=True)
    pa.csv.write_csv(pa.table(columns), folder / f"{name}.csv")


def houses(rows):
    """Prices with a heavy tail, a code for missing areas, zip codes, and one column twice."""
    area = RNG.lognormal(4, 0.9, rows).round(1)
    code = RNG.integers(0, 60, rows) * 37 + 1000
    price = (area * (1 + code % 7) * 20 * RNG.lognormal(0, 1.6, rows)).round() + 1
    area[RNG.random(rows) < 0.1] = -999
    return {"area": area, "zip": code, "sold": area, "price": price}


@pytest.fixture
def sold(tmp_path, make_config, caplog):
    """A run that learns prices: (its result, the rows of its test split, what it logged)."""
    for name, rows in (("train", 500), ("test", 120)):
        columns = houses(rows)
        write(tmp_path / "houses", name, columns)
    with caplog.at_level(logging.INFO, "tfapp"):
        config = make_config(
            dataset=f"csv:{tmp_path}/houses", label="price", model="auto", steps=150,
            batch_size=64, export=("savedmodel",), export_weights="last", **QUICK,
        )  # fmt: skip
        result = tfapp.run(config)
    return result, columns, caplog.text


def rmse(answers, labels):
    return float(np.sqrt(np.mean(np.square(answers - labels))))


def test_a_table_with_a_heavy_tailed_label(sold, capsys):
    result, columns, log = sold
    for line in (
        "zip code",
        "sold ignored (equals area)",
        "taken as missing: area -999 (",
        "label price: log(price) is learnt (skewness",
        "is the mean, fitted on validation",
    ):
        assert line in log
    assert result.summary["adjustments"]["smearing"] > 1
    test = result.metrics["test"]
    assert test["mean_absolute_error"] < result.summary["trivial"]["mean_absolute_error"]
    # --mode=eval, and the exported model on raw rows, give what was measured, in the label's unit.
    assert cli.main(["main.py", "--mode=eval", f"--model_dir={result.model_dir}"]) == 0
    assert json.loads(capsys.readouterr().out)["root_mean_squared_error"] == pytest.approx(
        test["root_mean_squared_error"], rel=1e-5
    )
    serve = tf.saved_model.load(result.export_dir).signatures["serving_default"]
    raw = {name: tf.constant(columns[name], tf.float32) for name in ("area", "zip")}
    answers = serve(**raw)["value"].numpy()
    assert rmse(answers, columns["price"]) == pytest.approx(
        test["root_mean_squared_error"], rel=1e-4
    )
    missing = {**raw, "area": tf.where(raw["area"] == -999, np.nan, raw["area"])}
    assert serve(**missing)["value"].numpy() == pytest.approx(answers)


@pytest.mark.slow
def test_a_rare_class_is_answered_by_a_threshold(tmp_path, make_config, capsys, caplog):
    rows = 1500
    x = RNG.normal(size=rows)
    late = np.where(RNG.random(rows) < 1 / (1 + np.exp(3.5 - 1.5 * x)), "yes", "no")
    columns = {"x": x, "noise": RNG.normal(size=rows), "late": late}
    columns["paid_on_time"] = np.where(late == "no", 1, 0)
    for name, part in (("train", slice(0, 1000)), ("test", slice(900, rows))):
        write(tmp_path / "loans", name, {n: c[part] for n, c in columns.items()})
    with caplog.at_level(logging.INFO, "tfapp"):
        config = make_config(
            dataset=f"csv:{tmp_path}/loans", label="late", threshold="f1", steps=60, model="auto",
            features=("x", "noise"), export=("savedmodel",), **QUICK,
        )  # fmt: skip
        result = tfapp.run(config)
    assert "of 600 rows of test are in train as well" in caplog.text
    threshold = result.summary["adjustments"]["threshold"]
    assert 0.02 < threshold < 0.5
    assert f"'yes' is answered from a probability of {threshold:.4g} on" in caplog.text
    assert cli.main(["main.py", "--mode=eval", f"--model_dir={result.model_dir}"]) == 0
    again = json.loads(capsys.readouterr().out)
    test = result.metrics["test"]
    assert (again["accuracy"], again["macro_f1"]) == (test["accuracy"], test["macro_f1"])
    serve = tf.saved_model.load(result.export_dir).signatures["serving_default"]
    answers = serve(**{n: tf.constant(columns[n][900:], tf.float32) for n in ("x", "noise")})
    is_late = answers["probabilities"].numpy()[:, 1] > threshold
    assert (answers["class_id"].numpy() == is_late).all()
    assert (answers["class_name"].numpy() == np.where(is_late, b"yes", b"no")).all()
    assert ((late[900:] == "yes") == is_late).mean() == pytest.approx(test["accuracy"])
    assert "roc_auc" in str(result) and "pr_auc" in str(result)


def test_inspection_points_out_what_gives_the_label_away(tmp_path, run_cli):
    late = np.where(RNG.random(400) < 0.3, "yes", "no")
    columns = {"x": RNG.normal(size=400), "paid": (late == "no").astype(int), "late": late}
    write(tmp_path / "loans", "all", columns)
    outcome = run_cli("--mode=inspect", f"--dataset=csv:{tmp_path}/loans/all.csv", "--label=late")
    assert outcome.code == 0
    assert "leakage? paid alone predicts late in all but 0 of" in outcome.err
    assert "--feature_kind=paid:ignored leaves it out" in outcome.err
