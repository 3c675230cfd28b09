"""Kinds of problem by name: what the loss is, what is measured, what is answered.

A task is built as `Task(label_spec, loss)` and has:
  loss_name   the loss it uses
  metric_names  names of what `metrics` returns
  monitor     (metric, "max" or "min"): what decides which step is best
  losses(outputs, labels)  -> float32 [batch], one loss an example
  metrics(outputs, labels) -> dict of float32 [batch], averaged over examples by whoever calls
  answers(outputs)         -> dict of tensors [batch, ...], what the served model returns
"""

from tfapp.errors import UsageError
from tfapp.registry import Registry

TASKS = Registry(
    "task",
    {
        "classification": "tfapp.tasks.classification:Classification",
        "regression": "tfapp.tasks.regression:Regression",
    },
)
_AUTO = {"class": "classification", "real": "regression"}


def build_task(name, loss, label):
    """Builds the task for a `LabelSpec`.

    Raises:
      UsageError: unknown task or loss, or one that does not fit the label.
    """
    kind = _AUTO[label.kind]
    name = kind if name == "auto" else name
    if name in _AUTO.values() and name != kind:
        raise UsageError(f"--task={name}: the label {label.name!r} is of kind {label.kind}")
    return TASKS.get(name)(label, loss)
