"""Kinds of problem by name: what the loss is, what is measured, what is answered.

A task is built as `Task(label_spec, loss)`, with label_smoothing and class_weight as keyword
arguments where they are asked for, and, for a real label, with target=(mean, deviation). It has:
  loss_name   the loss it uses
  metric_names  names of what `metrics` returns
  monitor     (metric, "max" or "min"): what decides which step is best
  losses(outputs, labels)  -> float32 [batch], one loss an example
  weights(labels)          -> float32 [batch] or 1.0: of the examples' losses in training
  metrics(outputs, labels) -> dict of float32 [batch], averaged over examples by whoever calls
  answers(outputs)         -> dict of tensors [batch, ...], what the served model returns; of
                              a label of kind "tokens": answers(outputs, inputs)
and may have
  derived(averages)        -> dict of floats that follow from averages over examples
"""

from tfapp.errors import UsageError
from tfapp.registry import Registry

TASKS = Registry(
    "task",
    {
        "classification": "tfapp.tasks.classification:Classification",
        "regression": "tfapp.tasks.regression:Regression",
        "language_modelling": "tfapp.tasks.language_modelling:LanguageModelling",
    },
)
_AUTO = {"class": "classification", "real": "regression", "tokens": "language_modelling"}


def build_task(name, loss, label, **recipe):
    """Builds the task for a `LabelSpec`.

    `recipe` holds label_smoothing and class_weight where they are asked for, and target.

    Raises:
      UsageError: unknown task or loss, or one that does not fit the label.
    """
    kind = _AUTO[label.kind]
    name = kind if name == "auto" else name
    if name in _AUTO.values() and name != kind:
        raise UsageError(f"--task={name}: the label {label.name!r} is of kind {label.kind}")
    try:
        return TASKS.get(name)(label, loss, **recipe)
    except TypeError as error:
        asked = ", ".join(f"--{key}" for key in recipe if key != "target") or f"--task={name}"
        raise UsageError(f"{asked}: the task {name} does not take it ({error})") from error


def with_derived(task, averages):
    """The averages over examples, and what the task derives from them."""
    derive = getattr(task, "derived", None)
    return {**averages, **derive(averages)} if derive and averages else averages
