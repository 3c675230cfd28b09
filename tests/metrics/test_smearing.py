"""The factor that makes a mean of the exponential of a predicted logarithm."""

import numpy as np
import pytest

from tfapp.metrics.smearing import Smearing


def labelled(rows, spread, seed=0):
    """Predictions exp(mean logarithm), and labels whose logarithm spreads around that."""
    random = np.random.default_rng(seed)
    logs = random.normal(3, 1, rows)
    labels = np.exp(logs + random.normal(0, spread, rows))
    return np.exp(logs).astype("f4")[:, None], labels.astype("f4")[:, None]


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_it_has_the_least_squared_error(state_of, shift):
    outputs, labels = labelled(50_000, 0.8)
    metric = Smearing(shift)
    found = metric.result(state_of(metric, outputs - shift, labels - shift, parts=3))["smearing"]
    best = (labels * outputs).sum() / np.square(outputs).sum()
    assert found == pytest.approx(best, rel=0.01)
    assert found == pytest.approx(np.exp(0.8**2 / 2), rel=0.1)


def test_what_few_rows_do_not_show_is_not_taken(state_of):
    metric = Smearing(0.0)
    outputs, labels = labelled(30, 0.8, seed=1)
    found = metric.result(state_of(metric, outputs, labels))["smearing"]
    best = (labels * outputs).sum() / np.square(outputs).sum()
    assert abs(found - 1) < abs(best - 1)
    exact = metric.result(state_of(metric, outputs, outputs * 1.5))["smearing"]
    assert exact == pytest.approx(1.5, rel=1e-5)


def test_without_examples_it_is_one(padded, eager_state_of):
    metric = Smearing(1.0)
    assert metric.result(metric.zero().numpy()) == {"smearing": 1.0}
    outputs, labels = labelled(60, 0.5)
    with_nan, labels, weights = padded(outputs, labels)
    kept = weights > 0
    wanted = eager_state_of(metric, outputs[kept], labels[kept])
    assert eager_state_of(metric, with_nan, labels, weights) == pytest.approx(wanted, rel=1e-6)
    broken = eager_state_of(metric, np.full((9, 1), np.nan, "f4"), labels[:9])
    assert metric.result(broken) == {"smearing": 1.0}
