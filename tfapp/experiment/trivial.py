"""What an answer that looks at no feature would score: what every result is to be compared with."""

import numpy as np

_SMALLEST = 1e-6  # share of a class that train lacks: an answer of 0 would cost infinitely much


def trivial_metrics(label, train, test):
    """The metrics, on `test`, of the best constant answer that `train` knows.

    Args:
      label: a `LabelSpec`.
      train, test: labels of these splits, NumPy [n, ...].

    Returns:
      metric -> value: of the largest class, of the classes' shares, of the mean or of the tokens'
      shares, under the names that the tasks' own metrics have.
    """
    if label.kind == "real":
        return _of_mean(np.asarray(train, np.float64), np.asarray(test, np.float64))
    shares, counts = (_counts(labels, label.num_classes) for labels in (train, test))
    if label.kind == "tokens":  # 0 is what follows the end of a text
        shares[0] = counts[0] = 0
    shares = np.maximum(shares / max(shares.sum(), 1), _SMALLEST)
    total = max(counts.sum(), 1)
    log_loss = float(-(counts * np.log(shares)).sum() / total)
    accuracy = float(counts[np.argmax(shares)] / total)
    name = "loss" if label.kind == "tokens" else "log_loss"
    found = {"accuracy": accuracy, name: log_loss}
    if label.kind == "class" and label.num_classes == 2:
        found |= {"roc_auc": 0.5, "pr_auc": float(counts[1] / total)}
    return found


def _of_mean(train, test):
    errors = test - train.mean(axis=0)
    return {
        "mean_absolute_error": float(np.mean(np.abs(errors))),
        "root_mean_squared_error": float(np.sqrt(np.mean(np.square(errors)))),
    }


def _counts(labels, classes):
    """float64 [classes]: how often each integer occurs."""
    return np.bincount(np.reshape(labels, -1), minlength=classes).astype(np.float64)
