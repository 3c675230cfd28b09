"""Names of tasks and losses, what is measured for which label, and classes of users."""

import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.metrics.mean import Mean
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task, check_names
from tfapp.tasks.task import Task, TaskBatch

REAL = LabelSpec("price", "real", shape=(2,))
NAMED = LabelSpec("a,b", "real", shape=(2,), value_names=("a", "b"))
SETS = LabelSpec("tags", "multi_label", 3, ("x", "y", "z"), (3,))
TOKENS = LabelSpec("next_token", "tokens", 5, ("", "?", "a", "b", "c"), (4,))


def classes(number):
    return LabelSpec("kind", "class", number, tuple(f"class {i}" for i in range(number)))


class Own(Task):
    """A user's task, with a loss that has no name."""

    def __init__(self, label, loss="auto", names=("own",)):
        del label
        metrics = [Mean(name, lambda outputs, labels: outputs, "max") for name in names]
        super().__init__(loss, monitor=("own", "max"), training_metrics=metrics)

    def objective(self, call, batch):
        raise NotImplementedError

    def answers(self, outputs, inputs):
        raise NotImplementedError


class Clashing(Own):
    """One of its metrics is called as a sum of every loop."""

    def __init__(self, label, loss="auto"):
        super().__init__(label, loss, ("own", "loss"))


class Aimless(Own):
    """Nothing that it measures is called as its monitor."""

    def __init__(self, label, loss="auto"):
        super().__init__(label, loss, ("other",))


class Unfinished(Task):
    """Lacks what a task must have."""

    def answers(self, outputs, inputs):
        return {"outputs": outputs}


class NoTask:
    """Looks like nothing."""


@pytest.mark.parametrize(
    "task, loss",
    [
        ("auto", "auto"),
        ("auto", "mean_squared_error"),
        ("classification", "sparse_categorical_crossentropy"),
        ("tests.tasks.test_tasks:Own", "auto"),
    ],
)
def test_known_names_pass_without_data(task, loss):
    check_names(task, loss)


@pytest.mark.parametrize(
    "task, loss, message",
    [
        ("clasification", "auto", "--task=clasification: unknown; did you mean 'classification'?"),
        ("auto", "mean_square_error", "unknown; did you mean 'mean_squared_error'?"),
        ("regression", "hinge", "--loss=hinge: unknown for regression .one of mean_squared_error"),
        ("tests.tasks.test_tasks:Own", "hinge", "--loss=hinge: unknown for Own"),
        ("tests.tasks.test_tasks:NoTask", "auto", "is not a subclass of tfapp.tasks.task.Task"),
        ("tests.tasks.test_tasks:REAL", "auto", "is not a subclass of tfapp.tasks.task.Task"),
        ("tests.tasks.test_tasks:Unfinished", "auto", "Unfinished: lacks objective; see"),
        ("tests.tasks.no_module:Own", "auto", "importing 'tests.tasks.no_module' failed"),
    ],
)
def test_unknown_names_are_refused_without_data(task, loss, message):
    with pytest.raises(UsageError, match=message):
        check_names(task, loss)


@pytest.mark.parametrize(
    "label, training, more",
    [
        (classes(2), ["accuracy"], ["macro_f1", "roc_auc", "log_loss",
         "expected_calibration_error", "confusion_matrix"]),
        (classes(11), ["accuracy"], ["top_5_accuracy", "macro_f1", "roc_auc", "log_loss",
         "expected_calibration_error", "confusion_matrix"]),
        (classes(101), ["accuracy"], ["top_5_accuracy", "macro_f1", "log_loss",
         "expected_calibration_error"]),
        (REAL, ["mean_absolute_error", "mean_squared_error"], ["error_spread", "r2"]),
        (NAMED, ["target_errors"], ["r2"]),
        (SETS, ["subset_accuracy"], ["micro_f1", "macro_f1", "hamming_loss", "roc_auc", "log_loss",
         "expected_calibration_error"]),
        (TOKENS, ["accuracy"], []),
    ],
)  # fmt: skip
def test_what_is_measured_suits_the_label(label, training, more):
    task = build_task("auto", "auto", label)
    assert [metric.name for metric in task.training_metrics] == training
    assert [metric.name for metric in task.evaluation_metrics] == training + more
    assert task.goals()[task.monitor[0]] == task.monitor[1]


def test_every_number_that_can_decide_has_a_goal():
    goals = build_task("auto", "auto", classes(12)).goals()
    assert {name for name, goal in goals.items() if goal == "min"} == {
        "loss", "log_loss", "expected_calibration_error"
    }  # fmt: skip
    assert {name for name, goal in goals.items() if goal == "max"} == {
        "accuracy", "top_5_accuracy", "macro_f1", "roc_auc", "pr_auc"
    }  # fmt: skip
    assert build_task("auto", "auto", REAL).goals()["root_mean_squared_error"] == "min"
    named = build_task("auto", "auto", NAMED).goals()
    assert named["root_mean_squared_error_a"] == named["mean_absolute_error"] == "min"
    assert named["r2_b"] == "max"
    assert build_task("auto", "auto", TOKENS).goals()["perplexity"] == "min"


def test_several_quantities_are_learnt_alike_and_answered_apart():
    task = build_task("auto", "auto", NAMED, target=([10.0, 0.0], [100.0, 0.5]))
    outputs = tf.constant([[1.0, 1.0], [0.0, -2.0]])
    answers = task.answers(outputs, None)
    assert answers["value_a"].numpy().tolist() == [110, 10]
    assert answers["value_b"].numpy().tolist() == [0.5, -1]
    labels = tf.constant([[10.0, 0.0], [10.0, 0.0]])
    objective = task.objective(lambda inputs: inputs, TaskBatch(outputs, labels, False))
    assert objective.losses.numpy().tolist() == [1, 2]
    (errors, _) = task.evaluation_metrics
    state = errors.update(objective.outputs, objective.labels, tf.ones([2])).numpy()
    found = errors.result(state)
    assert found["mean_absolute_error_a"] == 50
    assert found["root_mean_squared_error_b"] == pytest.approx(0.5 * 2.5**0.5)
    assert found["mean_absolute_error"] == pytest.approx((50 + 0.75) / 2)
    low, high = errors.intervals(state)["mean_absolute_error_a"]
    assert low < 50 < high


@pytest.mark.parametrize(
    "name, loss, label, recipe, message",
    [
        ("regression", "auto", TOKENS, {}, "--task=regression: the label 'next_token' is of kind"),
        ("classification", "auto", SETS, {}, "the label 'tags' is of kind multi_label"),
        ("quantile_regression", "auto", SETS, {}, "the label 'tags' is of kind multi_label"),
        ("auto", "hinge", REAL, {}, "--loss=hinge: unknown for regression"),
        ("auto", "auto", REAL, {"label_smoothing": 0.1}, "--label_smoothing: the task regression"),
        (
            "tests.tasks.test_tasks:Aimless",
            "auto",
            REAL,
            {},
            "monitor 'own' is none of its results",
        ),
        (
            "tests.tasks.test_tasks:Clashing",
            "auto",
            REAL,
            {},
            "the metric 'loss' has a reserved name",
        ),
    ],
)
def test_what_does_not_fit_the_label_is_refused(name, loss, label, recipe, message):
    with pytest.raises(UsageError, match=message):
        build_task(name, loss, label, **recipe)
