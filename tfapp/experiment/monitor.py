"""--monitor: the validation metric that decides which step is best."""

from tfapp.errors import UsageError
from tfapp.registry import suggest


def find_monitor(name, task):
    """Finds the metric.

    Args:
      name: --monitor, "auto" (the loss), "task" (what the task is usually judged by) or the name
        of a metric of validation.
      task: the `Task`.

    Returns:
      (metric, "max" or "min").

    Raises:
      UsageError: the task has no such metric.
    """
    if name == "task":
        return task.monitor
    name = "loss" if name == "auto" else name
    goals = task.goals()
    if name not in goals:
        raise UsageError(
            f"--monitor={name}: unknown{suggest(name, goals)} (one of {', '.join(goals)})"
        )
    return name, goals[name]
