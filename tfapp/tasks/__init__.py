"""Kinds of problem by name: what the loss is, what is measured, what is answered.

The contract is `tfapp.tasks.task.Task`.
"""

from tfapp.errors import UsageError
from tfapp.registry import Registry, suggest
from tfapp.spec import KIND_OF_TASK
from tfapp.users_code import users_code

TASKS = Registry(
    "task",
    {
        "classification": "tfapp.tasks.classification:Classification",
        "multi_label": "tfapp.tasks.multi_label:MultiLabel",
        "regression": "tfapp.tasks.regression:Regression",
        "quantile_regression": "tfapp.tasks.quantile_regression:QuantileRegression",
        "language_modelling": "tfapp.tasks.language_modelling:LanguageModelling",
    },
)
# Kind of label -> the task that --task=auto stands for.
_AUTO = {
    "class": "classification",
    "multi_label": "multi_label",
    "real": "regression",
    "tokens": "language_modelling",
}
# Flag of the recipe -> tfapp's own tasks that take it.
_TAKEN_BY = {
    "class_weight": ("classification",),
    "label_smoothing": ("classification", "multi_label"),
    "quantiles": ("quantile_regression",),
    "threshold": ("classification",),
}
# What sums of a loop and records hold apart from a task's metrics, none of which may be called so.
_RESERVED = (
    "loss", "count", "skipped", "input_wait", "seconds", "step", "split", "time", "learning_rate",
    "examples_per_second",
)  # fmt: skip


def check_names(task, loss, *, quantiles=(), given=()):
    """Checks --task, --loss and --quantiles without a data set.

    Args:
      task: --task.
      loss: --loss; with --task=auto it must be known to one of tfapp's own tasks.
      quantiles: --quantiles.
      given: names of flags of the recipe that the user gives, such as "class_weight"; one of
        tfapp's own tasks must take them.

    Raises:
      UsageError: an unknown name, a flag that the task cannot follow, or a task of the user's that
        cannot be used.
    """
    from tfapp.tasks.quantiles import parse_quantiles
    from tfapp.tasks.task import check_loss

    parse_quantiles(quantiles)
    for flag in (*given, *(["quantiles"] if quantiles else ())):
        _check_taken(flag, task)
    if task != "auto":
        check_loss(_task_class(task), loss)
        return
    known = sorted({name for kind in _AUTO.values() for name in _task_class(kind).loss_names})
    if loss not in ("auto", *known):
        raise UsageError(
            f"--loss={loss}: unknown{suggest(loss, known)} (one of {', '.join(known)})"
        )


def build_task(name, loss, label, **recipe):
    """Builds the `Task` for a `LabelSpec`.

    Args:
      name: --task.
      loss: --loss.
      label: a `LabelSpec`.
      **recipe: label_smoothing, class_weight and quantiles where they are given, and target.

    Raises:
      UsageError: unknown task or loss, or one that does not fit the label.
    """
    name = _AUTO[label.kind] if name == "auto" else name
    if KIND_OF_TASK.get(name, label.kind) != label.kind:
        raise UsageError(f"--task={name}: the label {label.name!r} is of kind {label.kind}")
    task_class = _task_class(name)
    with users_code(f"--task={name}"):
        try:
            task = task_class(label, loss, **recipe)
        except TypeError as error:
            given = ", ".join(f"--{key}" for key in recipe if key != "target") or f"--task={name}"
            raise UsageError(f"{given}: the task {name} does not take it ({error})") from error
    _check_results(name, task)
    return task


def _check_taken(flag, task):
    """Raises UsageError if `task`, one of tfapp's own or auto, cannot follow a flag of the recipe.

    Whether auto can is known once the label is, but for tasks that auto never stands for.
    """
    takers = _TAKEN_BY[flag]
    if task not in KIND_OF_TASK and (task != "auto" or set(takers) & set(_AUTO.values())):
        return
    if task not in takers:
        raise UsageError(f"--{flag}: --task={task} does not take it; {' and '.join(takers)} "
                         f"{'do' if len(takers) > 1 else 'does'}")  # fmt: skip


def _task_class(name):
    """The class called `name`. Raises UsageError."""
    from tfapp.tasks.task import Task  # TensorFlow is imported here

    found = TASKS.get(name)
    if not (isinstance(found, type) and issubclass(found, Task)):
        raise UsageError(f"--task={name}: is not a subclass of tfapp.tasks.task.Task")
    missing = ", ".join(sorted(found.__abstractmethods__))
    if missing:
        raise UsageError(f"--task={name}: lacks {missing}; see tfapp.tasks.task.Task")
    return found


def _check_results(name, task):
    """Raises UsageError if the task's metrics clash, or its monitor is none of their results."""
    names = [metric.name for metric in task.evaluation_metrics]
    for metric in names:
        if metric in _RESERVED:
            raise UsageError(f"--task={name}: the metric {metric!r} has a reserved name; rename it")
        if names.count(metric) > 1:
            raise UsageError(f"--task={name}: two of its metrics are called {metric!r}; rename one")
    known = task.goals()
    if task.monitor[0] not in known:
        raise UsageError(
            f"--task={name}: its monitor {task.monitor[0]!r} is none of its results "
            f"({', '.join(known)})"
        )
