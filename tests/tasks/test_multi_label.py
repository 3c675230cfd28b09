"""Losses, members and answers of examples with several labels, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task, check_names
from tfapp.tasks.task import TaskBatch

LABEL = LabelSpec("tags", "multi_label", 3, ("red", "old", "big"), (3,))
LOGITS = np.random.default_rng(0).normal(size=(4, 3)).astype("f4") * 3
LABELS = np.array([[1, 0, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0]], "u1")


def sigmoid(z):
    return 1 / (1 + np.exp(-z.astype("f8")))


def objective(task, *, training=False):
    batch = TaskBatch(tf.constant(LOGITS), tf.constant(LABELS), training)
    return task.objective(lambda inputs: inputs, batch)


def cross_entropy(targets, logits):
    p = sigmoid(logits)
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(axis=1)


def test_the_loss_is_the_mean_over_labels_of_their_cross_entropy():
    found = objective(build_task("auto", "auto", LABEL))
    assert found.losses.numpy() == pytest.approx(cross_entropy(LABELS, LOGITS), rel=1e-5)


def test_smoothing_moves_both_targets_to_the_middle():
    found = objective(build_task("multi_label", "auto", LABEL, label_smoothing=0.2))
    expected = cross_entropy(np.where(LABELS == 1, 0.9, 0.1), LOGITS)
    assert found.losses.numpy() == pytest.approx(expected, rel=1e-5)


def test_members_are_combined_by_their_mean_probability():
    outputs = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("f4") * 3
    combined = build_task("auto", "auto", LABEL).combine(tf.constant(outputs)).numpy()
    assert sigmoid(combined) == pytest.approx(sigmoid(outputs).mean(axis=1), rel=1e-5)


def test_the_labels_answered_are_those_of_at_least_a_half():
    task = build_task("auto", "auto", LABEL)
    logits = tf.constant([[1.0, -1, 2], [-1, -1, -1], [-1, 0, -1]])
    answers = task.answers(logits, None)
    assert answers["labels"].numpy().tolist() == [b"red|big", b"", b"old"]
    assert answers["probabilities"].numpy() == pytest.approx(sigmoid(logits.numpy()), rel=1e-5)


def test_a_temperature_changes_evaluation_and_answers_but_not_training():
    task = build_task("auto", "auto", LABEL)
    assert task.adjusted({"temperature": 1.0}) is task
    warm = task.adjusted({"temperature": 2.0})
    expected = cross_entropy(LABELS, LOGITS / 2)
    assert objective(warm).losses.numpy() == pytest.approx(expected, rel=1e-5)
    trained = objective(warm, training=True).losses.numpy()
    assert trained == pytest.approx(cross_entropy(LABELS, LOGITS), rel=1e-5)
    answers = warm.answers(tf.constant(LOGITS), None)["probabilities"].numpy()
    assert answers == pytest.approx(sigmoid(LOGITS / 2), rel=1e-5)


def test_the_temperature_that_logits_were_multiplied_by_is_found():
    random = np.random.default_rng(2)
    logits = random.normal(size=(3000, 3)).astype("f4")
    labels = (random.random(logits.shape) < sigmoid(logits)).astype("u1")
    metric = build_task("auto", "auto", LABEL).adjustments()[0].metric
    state = metric.update(tf.constant(3 * logits), tf.constant(labels), tf.ones([3000]))
    assert metric.result(state.numpy())["temperature"] == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize(
    "task, changes, message",
    [
        (
            "multi_label",
            {"given": ("class_weight",)},
            "--class_weight: --task=multi_label does not",
        ),
        (
            "multi_label",
            {"quantiles": ("0.1",)},
            "--quantiles: --task=multi_label does not take it",
        ),
        ("auto", {"quantiles": ("0.1",)}, "--task=auto does not take it; quantile_regression does"),
        ("regression", {"given": ("label_smoothing",)}, "classification and multi_label do"),
    ],
)
def test_flags_that_the_task_cannot_follow_are_refused_without_data(task, changes, message):
    with pytest.raises(UsageError, match=message):
        check_names(task, "auto", **changes)


def test_flags_that_the_task_may_follow_pass():
    check_names("auto", "binary_crossentropy", given=("class_weight", "label_smoothing"))
    check_names("tests.tasks.test_tasks:Own", "auto", given=("class_weight",), quantiles=("0.1",))
    check_names("quantile_regression", "pinball_loss", quantiles=("0.1", "0.9"))
