"""--monitor: auto is the loss, and each metric has its goal."""

import pytest

from tfapp.errors import UsageError
from tfapp.experiment.monitor import find_monitor
from tfapp.spec import LabelSpec
from tfapp.tasks import build_task

LABELS = {
    "classification": LabelSpec("y", "class", 3, ("a", "b", "c")),
    "regression": LabelSpec("y", "real"),
    "language_modelling": LabelSpec("next", "tokens", 5, tuple("abcde"), (4,)),
}


@pytest.fixture(params=LABELS)
def task(request):
    return build_task(request.param, "auto", LABELS[request.param])


def test_auto_is_the_loss_and_task_the_metric_that_the_task_names(task):
    assert find_monitor("auto", task) == ("loss", "min")
    assert find_monitor("task", task) == task.monitor
    name, goal = task.monitor
    assert task.goals()[name] == goal


def test_every_metric_of_an_evaluation_can_be_monitored(task):
    for metric in task.evaluation_metrics:
        for name in metric.result(metric.zero().numpy()):
            assert find_monitor(name, task) == (name, metric.goal)
    assert find_monitor("loss", task) == ("loss", "min")


@pytest.mark.parametrize(
    "name, goal", [("accuracy", "max"), ("expected_calibration_error", "min"), ("loss", "min")]
)
def test_the_goals_of_a_classification(name, goal):
    task = build_task("classification", "auto", LABELS["classification"])
    assert find_monitor(name, task) == (name, goal)


def test_an_unknown_metric_is_refused_with_the_nearest_and_all_known(task):
    known = list(task.goals())
    typo = known[-1] + "x"
    with pytest.raises(UsageError) as caught:
        find_monitor(typo, task)
    assert str(caught.value) == (
        f"--monitor={typo}: unknown; did you mean {known[-1]!r}? (one of {', '.join(known)})"
    )
