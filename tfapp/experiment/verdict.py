"""How good a run is: its metrics beside the trivial answer's, and its weakest class."""

from tfapp.data.splits.split_names import TEST, TRAIN
from tfapp.experiment.trivial import trivial_metrics

_FEW = 2  # classes; from here on the weakest of them says more than the mean


def verdict(source, test):
    """What the metrics of the test split are to be compared with.

    Args:
      source: the `Source`.
      test: the `EvaluationResult` of the test split.

    Returns:
      {"trivial": metric -> value of the best constant answer, of the metrics that `test` has;
      "worst_class": {"name", "recall", "examples"} or None}.
    """
    trivial = trivial_metrics(source.spec.label, source.labels(TRAIN), source.labels(TEST))
    return {
        "trivial": {name: value for name, value in trivial.items() if name in test.metrics},
        "worst_class": _worst_class(test.details.get("confusion_matrix")),
    }


def _worst_class(matrix):
    """The class least of whose examples are recognised; None without a confusion matrix."""
    if matrix is None:
        return None
    found = [
        {"name": name, "recall": row[i] / sum(row), "examples": sum(row)}
        for i, (name, row) in enumerate(zip(matrix["classes"], matrix["counts"], strict=True))
        if sum(row)
    ]
    if len(found) < _FEW:
        return None
    return min(found, key=lambda entry: entry["recall"])
