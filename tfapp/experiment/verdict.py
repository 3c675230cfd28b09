"""How good a run is: its metrics beside the trivial answer's, and its weakest class."""

from tfapp.data.splits.split_names import TEST, TRAIN
from tfapp.experiment.trivial import trivial_metrics

_FEW = 2  # classes; from here on the weakest of them says more than the mean


def verdict(source, task, test):
    """What the metrics of the test split are to be compared with.

    Args:
      source: the `Source`.
      task: the `Task`.
      test: the `EvaluationResult` of the test split.

    Returns:
      {"trivial": metric -> value of the best constant answer, of the metrics that `test` has;
      "worst_class": {"name", "recall", "examples"} or None}.
    """
    train, unseen = source.labels(TRAIN), source.labels(TEST)
    own = task.trivial(train, unseen)
    trivial = own | trivial_metrics(source.spec.label, train, unseen) | own  # the task's first
    return {
        "trivial": {name: value for name, value in trivial.items() if name in test.metrics},
        "worst_class": _worst_class(test.details),
    }


def _recalls(details):
    """(name, examples that are recognised, examples) of each class or label; () if not known."""
    if "confusion_matrix" in details:
        matrix = details["confusion_matrix"]
        rows = enumerate(zip(matrix["classes"], matrix["counts"], strict=True))
        return [(name, row[i], sum(row)) for i, (name, row) in rows]
    if "labels" in details:
        found = details["labels"]
        hits, missed = found["true_positives"], found["false_negatives"]
        return [(n, h, h + m) for n, h, m in zip(found["names"], hits, missed, strict=True)]
    return ()


def _worst_class(details):
    """The class least of whose examples are recognised; None of fewer than two classes."""
    found = [
        {"name": name, "recall": hits / examples, "examples": int(examples)}
        for name, hits, examples in _recalls(details)
        if examples
    ]
    if len(found) < _FEW:
        return None
    return min(found, key=lambda entry: entry["recall"])
