"""Logarithms as targets, and thresholds: losses, metrics and answers in the user's terms."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.flag_values import parse_threshold
from tfapp.metrics.smearing import Smearing
from tfapp.metrics.temperature import Temperature
from tfapp.metrics.threshold import Threshold
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task
from tfapp.tasks.task import TaskBatch

PRICE = LabelSpec("price", "real")
FRAUD = LabelSpec("fraud", "class", 2, ("no", "yes"))


def measured(task, outputs, labels):
    """(losses, metric -> value) of a batch in evaluation."""
    batch = TaskBatch(tf.constant(outputs), tf.constant(labels), training=False)
    objective = task.objective(lambda inputs: inputs, batch)
    found = {}
    for metric in task.evaluation_metrics:
        weights = tf.ones([len(labels)])
        state = metric.update(objective.outputs, objective.labels, weights)
        found |= metric.result(state.numpy())
    return objective.losses.numpy(), found


def test_a_logarithm_is_learnt_and_its_exponential_answered():
    labels = np.array([0, 9, 99, 999], "f4")
    outputs = np.array([[-1.0], [0.0], [0.5], [1.0]], "f4")
    task = build_task("auto", "auto", PRICE, target=(3.0, 2.0, 1.0, math.log(1000)))
    logs = outputs[:, 0] * 2 + 3
    losses, found = measured(task, outputs, labels)
    assert losses == pytest.approx(np.square((logs - np.log(labels + 1)) / 2), rel=1e-5)
    for smearing in (1.0, 1.5):
        adjusted = task.adjusted({"smearing": smearing})
        values = np.maximum(np.exp(logs) * smearing - 1, 0)
        answers = adjusted.answers(tf.constant(outputs), None)["value"]
        assert answers.numpy() == pytest.approx(values, rel=1e-5)
        _, found = measured(adjusted, outputs, labels)
        assert found["mean_absolute_error"] == pytest.approx(abs(values - labels).mean(), rel=1e-5)
        error = np.sqrt(np.square(values - labels).mean())
        assert found["root_mean_squared_error"] == pytest.approx(error, rel=1e-5)
    assert [type(found.metric) for found in task.adjustments()] == [Smearing]
    assert task.adjusted({"smearing": 1.0}) is task is task.adjusted({})


def test_a_wild_logarithm_is_at_most_about_twice_the_largest_label():
    task = build_task("auto", "auto", PRICE, target=(3.0, 2.0, 0.0, math.log(1000)))
    value = task.answers(tf.constant([[1e9]]), None)["value"].numpy()
    assert 1000 < value[0] < 2100


def test_a_plain_target_needs_no_adjustment():
    for target in ((3.0, 2.0), (3.0, 2.0, None, None)):
        task = build_task("auto", "auto", PRICE, target=target)
        assert task.adjustments() == ()
        assert task.answers(tf.constant([[2.0]]), None)["value"].numpy() == [7.0]


@pytest.mark.parametrize("text, wanted", [("0.2", 0.2), ("cost:1:4", 0.2), ("cost:2.5:2.5", 0.5)])
def test_a_threshold_or_costs_decide_what_is_answered_and_measured(text, wanted):
    assert parse_threshold(text) == (pytest.approx(wanted), "")
    task = build_task("auto", "auto", FRAUD, threshold=text)
    logits = np.log([[0.9, 0.1], [0.75, 0.25], [0.6, 0.4], [0.2, 0.8]]).astype("f4")
    labels = np.array([0, 1, 1, 1], "i4")
    answers = task.answers(tf.constant(logits), None)
    expected = (np.exp(logits[:, 1]) > wanted).astype(int)
    assert answers["class_id"].numpy().tolist() == expected.tolist()
    assert answers["class_name"].numpy().tolist() == [(b"no", b"yes")[i] for i in expected]
    assert answers["probabilities"].numpy() == pytest.approx(np.exp(logits), rel=1e-5)
    losses, found = measured(task, logits, labels)
    assert found["accuracy"] == (expected == labels).mean()
    plain_losses, plain = measured(build_task("auto", "auto", FRAUD), logits, labels)
    assert losses.tolist() == plain_losses.tolist()
    assert found["log_loss"] == plain["log_loss"]
    assert [type(found.metric) for found in task.adjustments()] == [Temperature]


def test_a_threshold_can_be_chosen_on_validation():
    task = build_task("auto", "auto", FRAUD, threshold="f1")
    assert [type(found.metric) for found in task.adjustments()] == [Temperature, Threshold]
    logits = tf.math.log([[0.7, 0.3]])
    assert task.answers(logits, None)["class_id"].numpy() == [0]
    adjusted = task.adjusted({"threshold": 0.25})
    assert adjusted.answers(logits, None)["class_id"].numpy() == [1]
    assert "'yes' is answered from a probability of 0.25 on" in task.adjustment_note(
        {"threshold": 0.25}
    )
    _, found = measured(adjusted, np.log([[0.7, 0.3], [0.9, 0.1]]).astype("f4"), np.array([1, 0]))
    assert found["accuracy"] == 1
    # The temperature comes first: the threshold is one of calibrated probabilities.
    warm = adjusted.adjusted({"temperature": 4.0})
    assert warm.answers(logits, None)["class_id"].numpy() == [1]


def test_by_default_the_more_probable_class_is_answered():
    task = build_task("auto", "auto", FRAUD)
    assert len(task.adjustments()) == 1 and task.adjusted({"threshold": 0.1}) is task


@pytest.mark.parametrize("text", ["0", "1", "nan", "best", "cost:1", "cost:0:1", "cost:a:b", ""])
def test_no_threshold(text):
    with pytest.raises(UsageError, match="a probability between 0 and 1"):
        parse_threshold(text)


def test_a_threshold_tells_two_classes_apart():
    three = LabelSpec("y", "class", 3, ("a", "b", "c"))
    with pytest.raises(UsageError, match="--threshold=f1: y has 3 classes"):
        build_task("auto", "auto", three, threshold="f1")
    with pytest.raises(UsageError, match="--threshold: the task regression does not take it"):
        build_task("auto", "auto", PRICE, threshold="f1")
