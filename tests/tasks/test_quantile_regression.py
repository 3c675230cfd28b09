"""Pinball losses, ascending answers, offsets, and the trivial answer, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task, check_names
from tfapp.tasks.task import TaskBatch

LABEL = LabelSpec("price", "real")
LEVELS = np.array([0.05, 0.5, 0.95])
MEAN, SCALE = 100.0, 20.0
OUTPUTS = np.array([[-1.0, 0.1, 2.0], [1.0, 0.0, -1.0]], "f4")  # the second row crosses
PRICES = np.array([130.0, 90.0], "f4")


def task_of(quantiles=(), **recipe):
    recipe = {"target": (MEAN, SCALE), "quantiles": quantiles, **recipe}
    return build_task("quantile_regression", "auto", LABEL, **recipe)


def losses(task, *, training=False):
    batch = TaskBatch(tf.constant(OUTPUTS), tf.constant(PRICES), training)
    return task.objective(lambda inputs: inputs, batch).losses.numpy()


def pinball(outputs):
    above = ((PRICES - MEAN) / SCALE)[:, None] - outputs
    return np.where(above > 0, LEVELS * above, (LEVELS - 1) * above).mean(axis=1)


def test_training_takes_quantiles_as_they_come_and_evaluation_sorts_them():
    task = task_of()
    assert losses(task, training=True) == pytest.approx(pinball(OUTPUTS), rel=1e-5)
    assert losses(task) == pytest.approx(pinball(np.sort(OUTPUTS)), rel=1e-5)


def test_answers_ascend_in_the_unit_of_the_label():
    answers = task_of().answers(tf.constant(OUTPUTS), None)
    assert list(answers) == ["q0.05", "q0.5", "q0.95"]
    found = np.stack([value.numpy() for value in answers.values()], axis=1)
    assert found == pytest.approx(np.sort(OUTPUTS) * SCALE + MEAN, rel=1e-6)


def test_offsets_move_what_is_evaluated_and_answered():
    task = task_of()
    assert task.adjusted({}) is task
    moved = task.adjusted({"offset_q0.05": -0.5, "offset_q0.5": 0.0, "offset_q0.95": 0.25})
    expected = np.sort(OUTPUTS) + [-0.5, 0, 0.25]
    assert losses(moved) == pytest.approx(pinball(expected), rel=1e-5)
    assert losses(moved, training=True) == pytest.approx(pinball(OUTPUTS), rel=1e-5)
    answers = moved.answers(tf.constant(OUTPUTS), None)
    assert answers["q0.95"].numpy() == pytest.approx(expected[:, 2] * SCALE + MEAN)
    assert moved.adjustment_note({"offset_q0.05": -0.5}) == "quantiles moved: q0.05 by -10"


def test_members_are_combined_quantile_by_quantile():
    outputs = np.array([[[0.0, 1, 2], [4, 3, 2]]], "f4")
    assert task_of().combine(tf.constant(outputs)).numpy().tolist() == [[1, 2, 3]]


def test_the_model_gives_one_output_a_quantile():
    assert task_of(("0.9", "0.1")).num_outputs(LABEL) == 2
    assert list(task_of(("0.9", "0.1")).answers(tf.zeros([1, 2]), None)) == ["q0.1", "q0.9"]


def test_the_trivial_answer_is_the_quantiles_of_train():
    train, test = np.arange(101.0), np.array([0.0, 50.0, 100.0, 60.0])
    found = task_of().trivial(train, test)
    assert found["coverage"] == 0.5
    assert found["mean_width"] == pytest.approx(90)
    assert found["pinball_loss_q0.5"] == pytest.approx(np.abs(test - 50).mean() / 2)
    assert found["root_mean_squared_error"] == pytest.approx(np.sqrt(np.square(test - 50).mean()))


def test_what_is_measured_depends_on_the_quantiles():
    names = [metric.name for metric in task_of().evaluation_metrics]
    assert names == ["pinball_loss", "coverage", "mean_absolute_error", "mean_squared_error",
                     "error_spread", "r2"]  # fmt: skip
    assert [m.name for m in task_of(("0.9",)).evaluation_metrics] == ["pinball_loss"]


def test_no_step_is_best_by_the_width_of_its_intervals():
    goals = task_of().goals()
    assert "coverage" not in goals
    assert "mean_width" not in goals
    assert goals["pinball_loss"] == goals["loss"] == "min"


@pytest.mark.parametrize(
    "quantiles, message",
    [
        (("0.1", "half"), "--quantiles=0.1,half: write numbers between 0 and 1"),
        (("0.1", "1"), "--quantiles=0.1,1: each must lie between 0 and 1"),
        (("nan",), "--quantiles=nan: each must lie between 0 and 1"),
        (("0.5", "0.50"), "--quantiles=0.5,0.50: one of them is given twice"),
    ],
)
def test_quantiles_are_checked_without_data(quantiles, message):
    with pytest.raises(UsageError, match=message):
        check_names("quantile_regression", "auto", quantiles=quantiles)


def test_one_value_an_example_is_needed():
    label = LabelSpec("a,b", "real", shape=(2,), value_names=("a", "b"))
    with pytest.raises(UsageError, match="label 'a,b' has 2 values; quantiles are learnt of one"):
        build_task("quantile_regression", "auto", label)
