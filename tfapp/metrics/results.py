"""From the sums over examples that a loop or an evaluation returns to what is reported."""

import numpy as np


def results(metrics, sums):
    """{"loss": its mean over examples} and the results of every metric, in their order.

    Args:
      metrics: `Metric`s.
      sums: "loss" and "count", floats, and each metric's state under its name. What else it holds
        is left out.
    """
    found = {"loss": sums["loss"] / max(sums["count"], 1)}
    for metric in metrics:
        found.update(metric.result(np.asarray(sums[metric.name])))
    return found


def details(metrics, sums):
    """The details of every metric: a dict that can be written as JSON."""
    found = {}
    for metric in metrics:
        found.update(metric.details(np.asarray(sums[metric.name])))
    return found


def intervals(metrics, sums):
    """The 95% confidence intervals of every metric that has some: name -> (low, high)."""
    found = {}
    for metric in metrics:
        found.update(metric.intervals(np.asarray(sums[metric.name])))
    return found
