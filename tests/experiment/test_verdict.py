"""The trivial answer and the weakest class; the temperature of a run; the weights that count."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp import cli
from tfapp.experiment.trivial import trivial_metrics
from tfapp.experiment.verdict import _worst_class
from tfapp.spec import LabelSpec

QUICK = {"xla": "off", "precision": "float32"}
CLASSES = LabelSpec("y", "class", 3, ("a", "b", "c"))


def test_the_trivial_answer_of_classes():
    found = trivial_metrics(CLASSES, np.array([0, 0, 1, 1, 1, 2, 2, 2, 2, 2]), np.array([2, 0, 2]))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-(2 * np.log(0.5) + np.log(0.2)) / 3)


def test_the_trivial_answer_of_two_classes_ranks_by_chance():
    label = LabelSpec("y", "class", 2, ("no", "yes"))
    found = trivial_metrics(label, np.array([0, 0, 0, 1]), np.array([0, 1, 1, 0, 0]))
    assert (found["roc_auc"], found["pr_auc"]) == (0.5, 0.4)


def test_a_class_that_train_lacks_costs_a_finite_amount():
    found = trivial_metrics(CLASSES, np.array([0, 1]), np.array([2]))
    assert found["accuracy"] == 0
    assert found["log_loss"] == pytest.approx(-np.log(1e-6))


def test_the_trivial_answer_of_values_is_the_mean_of_train():
    label = LabelSpec("y", "real")
    found = trivial_metrics(label, np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    assert found == {"mean_absolute_error": 2.0, "root_mean_squared_error": pytest.approx(8**0.5)}


def test_the_trivial_answer_of_several_values_is_that_of_each():
    label = LabelSpec("a,b", "real", shape=(2,), value_names=("a", "b"))
    found = trivial_metrics(label, np.array([[1.0, 0], [3, 20]]), np.array([[2.0, 10], [6, 50]]))
    assert found["mean_absolute_error_a"] == 2
    assert found["root_mean_squared_error_b"] == pytest.approx(800**0.5)
    assert found["mean_absolute_error"] == 11


def test_the_trivial_answers_of_sets_are_the_best_constant_ones():
    label = LabelSpec("y", "multi_label", 3, ("a", "b", "c"), (3,))
    train = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 1, 0]])
    test = np.array([[1, 0, 0], [0, 1, 0]])
    found = trivial_metrics(label, train, test)
    # The usual set is {a}, more than half have a and b, and a, b give the best F1 on train.
    assert found["subset_accuracy"] == 0.5
    assert found["hamming_loss"] == pytest.approx(2 / 6)
    assert found["micro_f1"] == pytest.approx(2 * 2 / (4 + 2))
    logs = np.log([[0.6, 0.4, 0.8], [0.4, 0.6, 0.8]])
    assert found["log_loss"] == pytest.approx(-logs.mean())


def test_the_trivial_answer_of_tokens_leaves_padding_out():
    label = LabelSpec("y", "tokens", 3, ("", "a", "b"), (4,))
    found = trivial_metrics(label, np.array([[1, 1, 2, 0]]), np.array([[2, 0, 0, 0]]))
    assert found == {"accuracy": 0.0, "loss": pytest.approx(np.log(3))}


def test_the_worst_class():
    matrix = {"classes": ["a", "b", "c"], "counts": [[9, 1, 0], [3, 2, 0], [0, 0, 0]]}
    assert _worst_class({"confusion_matrix": matrix}) == {"name": "b", "recall": 0.4, "examples": 5}
    assert _worst_class({}) is None
    alone = {"classes": ["a", "b"], "counts": [[3, 1], [0, 0]]}
    assert _worst_class({"confusion_matrix": alone}) is None
    counts = {"true_positives": [3, 4], "false_positives": [9, 0], "false_negatives": [1, 4]}
    assert _worst_class({"labels": {"names": ["a", "b"], **counts}}) == {
        "name": "b", "recall": 0.5, "examples": 8
    }  # fmt: skip


@pytest.fixture
def overfitted(make_config, tmp_path):
    """overfitted(**changes): the result of a run whose best step is not its last."""
    random = np.random.default_rng(0)
    x = random.normal(size=(260, 6)).astype("f4")
    y = (x[:, 0] + 2 * random.normal(size=260) > 0).astype("i4")
    np.savez(tmp_path / "noise.npz", x=x, y=y)

    def run(**changes):
        return tfapp.run(
            make_config(
                **QUICK, dataset=f"npz:{tmp_path}/noise.npz", model="mlp", steps=400,
                batch_size=32, learning_rate=1e-2, schedule="constant", early_stopping=0,
                evaluate_every="20", **changes,
            )
        )  # fmt: skip

    return run


def test_the_best_weights_count(overfitted):
    summary = overfitted(calibrate=False, export_weights="best").summary
    best = summary["best"]
    assert summary["exported_step"] == best["step"] < 400
    assert best["metric"] == "loss"
    assert summary["metrics"]["validation"]["loss"] == pytest.approx(best["value"], rel=1e-6)
    assert best["value"] < best["last_value"]
    low, high = summary["intervals"]["test"]["accuracy"]
    assert low < summary["metrics"]["test"]["accuracy"] < high
    assert summary["trivial"].keys() == {"accuracy", "log_loss", "roc_auc", "pr_auc"}
    assert summary["trivial"]["roc_auc"] == 0.5


def test_the_last_weights_count_if_asked_for_and_are_calibrated(overfitted, capsys):
    result = overfitted(export_weights="last", export=("savedmodel",))
    summary = result.summary
    assert summary["exported_step"] == summary["steps"] == 400
    temperature = summary["temperature"]
    assert temperature > 1.1  # sure of what is mostly noise
    assert summary["metrics"]["validation"]["loss"] < summary["best"]["last_value"]
    run = pathlib.Path(result.model_dir)
    assert json.loads((run / "adjustments.json").read_text()) == {"temperature": temperature}
    # --mode=eval finds, and the export answers, what was measured.
    assert cli.main(["main.py", "--mode=eval", f"--model_dir={run}"]) == 0
    again = json.loads(capsys.readouterr().out)
    for name in ("loss", "accuracy", "log_loss", "expected_calibration_error"):
        assert again[name] == pytest.approx(summary["metrics"]["test"][name], rel=1e-5)
    served = tf.saved_model.load(result.export_dir).signatures["serving_default"]
    x = np.random.default_rng(1).normal(size=(5, 6)).astype("f4")
    answers = served(x=tf.constant(x))["probabilities"].numpy()
    logits = result.model((x - x_mean(run)) * x_scale(run)).numpy() / temperature
    wanted = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert answers == pytest.approx(wanted, abs=1e-5)


def x_mean(run):
    return np.array(json.loads((run / "preprocessing.json").read_text())["features"]["x"]["mean"])


def x_scale(run):
    return np.array(json.loads((run / "preprocessing.json").read_text())["features"]["x"]["scale"])
