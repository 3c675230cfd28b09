"""Every format of a trained model, and what each costs: size, quality, speed on this machine.

A format is written aside, read back and measured; only one that is good enough becomes a version.
"""

import logging

import numpy as np

from tfapp.errors import StorageError
from tfapp.export import make_exporters
from tfapp.export.publish import publish, why_not
from tfapp.export.signatures import OUTPUTS
from tfapp.export.speed import sizes, speeds
from tfapp.runtime import storage

_LOG = logging.getLogger("tfapp")


class _Rejected(Exception):
    """A format that loses too much; nothing of it stays."""


def write_variants(names, servable, folder, examples, *, score, facts, keep, loss):
    """Writes and measures all formats.

    Args:
      names, servable, folder, examples, facts, keep: see `publish.export_all`.
      score: a `tfapp.export.scoring.Scorer`.
      loss: `Loss`, what a format may lose.

    Returns:
      a list of dicts that JSON can hold, in the order of `names`:
        "format", "runtime": names.
        "version": path of the version, or None: it is not published, and "reason" says why.
        "bytes", "gzip_bytes": of the model's files.
        "metrics", "worst_difference", "lost": see `Scorer` and `Loss`; None if not measured.
        "median_ms", "p99_ms", "examples_per_second_at_32": see `speed.speeds`.
    """
    return [
        _variant(exporter, servable, folder, examples, score, facts, keep, loss)
        for exporter in make_exporters(names).values()
    ]


def _variant(exporter, servable, folder, examples, score, facts, keep, loss):
    entry = {
        "format": exporter.name, "runtime": exporter.runtime, "version": None, "reason": "",
        "metrics": None, "worst_difference": None, "lost": None,
    }  # fmt: skip

    def check(path):
        """Called with the written and verified files, before they are published."""
        run = exporter.load(path)
        if run is None:
            return
        found = score(run)
        entry.update(metrics=found.metrics, worst_difference=found.worst_difference)
        entry["lost"] = loss(found.metrics)
        entry.update(speeds(lambda given: np.asarray(run(given)[OUTPUTS]), score.arguments))
        if not loss.allows(entry["lost"]):
            raise _Rejected(f"loses {entry['lost']:.4g} of {loss.metric}, more than {loss.most}")

    try:
        path = publish(
            exporter, servable, folder, examples, facts=facts, keep=keep, check=check,
            written=lambda path: entry.update(sizes(path)),
        )  # fmt: skip
        entry["version"] = str(path)
        _LOG.info("export: %s, read back and measured", path)
    except StorageError:
        raise
    except Exception as error:  # a converter, or a user's own exporter, may raise anything
        if storage.number_of(error) is not None:
            raise
        entry["reason"] = str(error) if isinstance(error, _Rejected) else why_not(error)
        _LOG.warning("export: %s is not published: %s", exporter.name, error)
    return entry


class Loss:
    """How much of the trained model's quality a format loses."""

    def __init__(self, metric, goal, trained, most):
        """
        Args:
          metric: name of the metric that is compared.
          goal: "max" or "min", which of its values are better.
          trained: its value for the trained model.
          most: that may be lost: in the metric's own unit if high values are better, as a share of
            the value if low ones are.
        """
        self.metric, self.most = metric, most
        self._goal, self._trained = goal, trained

    def __call__(self, metrics):
        """What is lost, as `most` counts it; negative for a better value."""
        value = metrics[self.metric]
        if self._goal == "max":
            return self._trained - value
        return (value - self._trained) / max(abs(self._trained), 1e-12)

    def allows(self, lost):
        """False for NaN as well."""
        return lost <= self.most
