"""Rows of a table without a label: dropped by --drop_missing_labels, else bad examples."""

import logging

import numpy as np

_LOG = logging.getLogger("tfapp")


class Unlabelled:
    """The rows without a label, over all splits."""

    def __init__(self, label, labels, *, drop):
        """
        Args:
          label: the label's name.
          labels: split -> `Labels`.
          drop: whether they are dropped; how many is logged.
        """
        self._labels = labels
        self._drop = drop
        missing = {split: int(found.missing.sum()) for split, found in labels.items()}
        count, rows = sum(missing.values()), sum(len(found.missing) for found in labels.values())
        self._found = f"{count:,} of {rows:,} rows have no label{_by_column(labels.values())}"
        if drop and count:
            each = ", ".join(f"{n:,} of {split}" for split, n in missing.items() if n)
            _LOG.info("data: %s %r, dropped: %s", self._found, label, each)

    def of(self, split):
        """The rows of one split."""
        return _Rows(self._labels[split].missing, self._found, self._drop)


def _by_column(labels):
    """How many rows lack each column of a label of several; "" for one column."""
    total = {}
    for found in labels:
        for name, count in found.missing_by_column.items():
            total[name] = total.get(name, 0) + count
    each = ", ".join(f"{name!r} {count:,}" for name, count in total.items() if count)
    return f" (missing: {each})" if each else ""


class _Rows:
    """The rows of one split without a label."""

    def __init__(self, missing, found, drop):
        self._missing = missing
        self._found = found
        self._drop = drop

    def dropped(self, wrong):
        """Which rows are dropped, a set; they are added to `wrong`, row -> reason."""
        if not self._drop:
            return set()
        rows = set(np.flatnonzero(self._missing).tolist())
        wrong.update(dict.fromkeys(rows, "is dropped"))
        return rows

    def remedy(self, row):
        """What else can be done about a row that cannot be used; empty if it has a label."""
        if not self._missing[row]:
            return ""
        return f"{self._found}, which --drop_missing_labels leaves out"
