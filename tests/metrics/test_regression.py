"""Errors of real values and R2 against NumPy."""

import numpy as np
import pytest

from tfapp.metrics.regression import R2, MeanAbsoluteError, MeanSquaredError

SCALE = np.array([2.0, 0.5, 30.0], "f4")


@pytest.fixture
def pairs():
    """Outputs and labels [500, 3]."""
    random = np.random.default_rng(0)
    labels = random.normal(size=(500, 3)) + [0.0, 5.0, -2.0]
    outputs = labels + random.normal(size=labels.shape) * [0.1, 1.0, 3.0]
    return outputs.astype("f4"), labels.astype("f4")


def test_errors_are_in_the_labels_unit(pairs, state_of):
    difference = (pairs[0].astype("f8") - pairs[1]) * SCALE
    absolute, squared = MeanAbsoluteError(SCALE), MeanSquaredError(SCALE)
    found = absolute.result(state_of(absolute, *pairs))
    assert found == {"mean_absolute_error": pytest.approx(np.abs(difference).mean(), rel=1e-6)}
    found, mean = squared.result(state_of(squared, *pairs)), np.square(difference).mean()
    assert found == {
        "mean_squared_error": pytest.approx(mean, rel=1e-6),
        "root_mean_squared_error": pytest.approx(mean**0.5, rel=1e-6),
    }


def test_r2_is_the_mean_over_values(pairs, state_of):
    outputs, labels = (array.astype("f8") for array in pairs)
    errors = np.square(outputs - labels).sum(0)
    expected = (1 - errors / np.square(labels - labels.mean(0)).sum(0)).mean()
    found = R2(3).result(state_of(R2(3), *pairs))
    assert found == {"r2": pytest.approx(expected, rel=1e-6)}
    assert found["r2"] < 0  # the third value is predicted worse than by its mean


def test_r2_leaves_out_values_that_do_not_vary(pairs, state_of):
    outputs, labels = pairs
    varying = R2(1).result(state_of(R2(1), outputs[:, :1], labels[:, :1]))
    labels = labels.copy()
    labels[:, 1:] = 0.1
    assert R2(3).result(state_of(R2(3), outputs, labels)) == pytest.approx(varying, rel=1e-6)
    assert np.isnan(R2(1).result(state_of(R2(1), outputs[:, 1:2], labels[:, 1:2]))["r2"])
