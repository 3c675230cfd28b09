"""What an answer that looks at no feature would score: what every result is to be compared with."""

import numpy as np

from tfapp.metrics.regression import by_target

_SMALLEST = 1e-6  # share of a class that train lacks: an answer of 0 would cost infinitely much


def trivial_metrics(label, train, test):
    """The metrics, on `test`, of the best constant answer that `train` knows.

    Args:
      label: a `LabelSpec`.
      train, test: labels of these splits, NumPy [n, ...].

    Returns:
      metric -> value: of the largest class, of the classes' shares, of sets of labels, of the mean
      or of the tokens' shares, under the names that the tasks' own metrics have.
    """
    if label.kind == "real":
        return _of_mean(label, np.asarray(train, np.float64), np.asarray(test, np.float64))
    if label.kind == "multi_label":
        return _of_sets(np.asarray(train, np.float64), np.asarray(test, np.float64))
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


def _of_mean(label, train, test):
    errors = test - train.mean(axis=0)
    absolute, squared = np.abs(errors), np.square(errors)
    if not label.value_names:
        return {
            "mean_absolute_error": float(absolute.mean()),
            "root_mean_squared_error": float(np.sqrt(squared.mean())),
        }
    return by_target(label.value_names, absolute.mean(axis=0), squared.mean(axis=0))


def _of_sets(train, test):
    """Of labels [n, labels]: the best constant set for each metric, and the labels' shares."""
    shares = train.mean(axis=0)
    sets, counts = np.unique(train, axis=0, return_counts=True)
    usual = sets[np.argmax(counts)]
    most = (shares >= 0.5).astype(np.float64)
    best = _best_for_f1(shares)
    hits = (test * best).sum()
    odds = np.clip(shares, _SMALLEST, 1 - _SMALLEST)
    log_loss = -(test * np.log(odds) + (1 - test) * np.log1p(-odds))
    return {
        "subset_accuracy": float((test == usual).all(axis=1).mean()),
        "micro_f1": float(2 * hits / max(best.sum() * len(test) + test.sum(), 1)),
        "hamming_loss": float((test != most).mean()),
        "log_loss": float(log_loss.mean()),
    }


def _best_for_f1(shares):
    """Which labels to answer always, for the highest micro F1 on train: some of the most frequent.

    With the k most frequent, micro F1 is 2 * (their shares) / (k + all shares).
    """
    order = np.argsort(-shares, kind="stable")
    scores = np.cumsum(shares[order]) / (np.arange(1, len(shares) + 1) + shares.sum())
    best = np.zeros(len(shares))
    best[order[: np.argmax(scores) + 1]] = 1
    return best


def _counts(labels, classes):
    """float64 [classes]: how often each integer occurs."""
    return np.bincount(np.reshape(labels, -1), minlength=classes).astype(np.float64)
