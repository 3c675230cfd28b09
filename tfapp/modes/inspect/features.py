"""What --mode=inspect reports about features and label."""

import numpy as np

_TOP = 5  # most frequent values shown
_ROWS = 3  # rows shown of features that are not images
_SHORT = 40  # characters shown of a text


def describe(feature, column):
    """A dict about one feature.

    Args:
      feature: a `FeatureSpec`.
      column: raw examples of train, NumPy [n, ...].
    """
    column = np.asarray(column)
    found = {
        "name": feature.name,
        "kind": feature.kind,
        "shape": list(feature.shape),
        "dtype": feature.dtype,
        "looked_at": len(column),
    }
    if column.dtype.kind in "uifb":
        return {**found, **_numbers(column, feature.kind)}
    return {**found, **_strings(column)}


def _numbers(column, kind):
    values = column.astype(np.float64) if column.dtype.kind == "f" else column
    missing = int(np.isnan(values).sum()) if column.dtype.kind == "f" else 0
    found = {
        "missing": missing,
        "min": float(np.nanmin(values)) if missing < values.size else None,
        "max": float(np.nanmax(values)) if missing < values.size else None,
    }
    if kind == "image":
        axes = tuple(range(values.ndim - 1))
        found["channel_means"] = [round(float(v), 2) for v in values.mean(axes, dtype=np.float64)]
    elif missing < values.size:
        found["mean"] = float(np.nanmean(values, dtype=np.float64))
        found["std"] = float(np.nanstd(values, dtype=np.float64))
    return found


def _strings(column):
    words = [w.decode("utf-8", "replace") if isinstance(w, bytes) else w for w in column.tolist()]
    present = [str(w) for w in words if w not in (None, "")]
    values, counts = np.unique(np.array(present, str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_TOP]
    lengths = np.array([len(w) for w in present] or [0])
    return {
        "missing": len(words) - len(present),
        "distinct": len(values),
        "most_frequent": {str(values[i])[:_SHORT]: int(counts[i]) for i in order},
        "characters": {"median": float(np.median(lengths)), "max": int(lengths.max())},
    }


def describe_label(source):
    """A dict about the label: examples per class in each split, or the range of its values."""
    label = source.spec.label
    found = {"name": label.name, "kind": label.kind}
    labels = {name: split.labels(label.name) for name, split in source.splits.items()}
    if label.kind in ("class", "multi_label"):
        counts = {n: _class_counts(a, label.num_classes) for n, a in labels.items()}
        found["classes"] = {
            class_name: {split: int(count[i]) for split, count in counts.items()}
            for i, class_name in enumerate(label.class_names)
        }
        largest, smallest = counts["train"].max(), counts["train"].min()
        found["imbalance"] = round(float(largest / max(smallest, 1)), 2)
        if label.kind == "multi_label":
            each = {n: float(a.sum(axis=1).mean()) for n, a in labels.items()}
            found["labels_per_example"] = {n: round(mean, 3) for n, mean in each.items()}
        return found
    if label.kind == "tokens":
        return {**found, **_tokens(label, labels)}
    numbers = {name: np.asarray(a, np.float64) for name, a in labels.items() if len(a)}
    if label.value_names:  # in units of their own
        numbers = {
            f"{split}, {name}": a[:, i]
            for i, name in enumerate(label.value_names)
            for split, a in numbers.items()
        }
    found["values"] = {
        name: {
            "min": float(a.min()),
            "mean": float(a.mean()),
            "std": float(a.std()),
            "max": float(a.max()),
        }
        for name, a in numbers.items()
    }
    return found


def _class_counts(labels, classes):
    """How many examples have each class, from numbers [n] or sets [n, classes]."""
    if labels.ndim == 2:
        return labels.sum(axis=0, dtype=np.int64)
    return np.bincount(labels, minlength=classes)


def _tokens(label, labels):
    """How many tokens each split has to predict, and the most frequent ones of train."""
    counts = np.bincount(labels["train"].ravel(), minlength=label.num_classes)
    counts[0] = 0  # padding
    order = np.argsort(-counts, kind="stable")[:_TOP]
    return {
        "vocabulary": label.num_classes,
        "tokens": {name: int((ids != 0).sum()) for name, ids in labels.items()},
        "most_frequent": {label.class_names[i]: int(counts[i]) for i in order},
    }


def first_rows(source, sample):
    """The first rows of features that are not images, as strings."""
    names = [f.name for f in source.spec.features if f.kind != "image" and f.shape == ()]
    count = min(_ROWS, len(next(iter(sample.values())))) if names else 0
    return [{name: _shown(sample[name][i]) for name in names} for i in range(count)]


def _shown(value):
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = value if isinstance(value, str) else f"{value:.6g}" if value is not None else ""
    text = text.replace("\n", "\\n")
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."
