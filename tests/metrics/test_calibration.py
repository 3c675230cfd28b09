"""Expected calibration error against NumPy."""

import numpy as np
import pytest

from tfapp.metrics.calibration import ExpectedCalibrationError

METRIC = ExpectedCalibrationError()


def test_equals_the_formula(predictions, state_of):
    logits, labels = predictions(5)
    p = np.exp(logits.astype("f8"))
    p /= p.sum(1, keepdims=True)
    confidence, right = p.max(1), p.argmax(1) == labels
    error, counts = 0.0, []
    for m in range(1, 16):
        member = (confidence > (m - 1) / 15) & (confidence <= m / 15)
        counts.append(int(member.sum()))
        if member.any():
            gap = abs(right[member].mean() - confidence[member].mean())
            error += member.mean() * gap
    state = state_of(METRIC, logits, labels)
    assert METRIC.result(state)["expected_calibration_error"] == pytest.approx(error, rel=1e-6)
    details = METRIC.details(state)["calibration"]
    assert details["examples"] == counts
    assert (details["accuracy"][0], details["confidence"][0]) == (None, None)  # below 1 / 5


def test_certainty_falls_into_the_last_bin(state_of):
    state = state_of(METRIC, np.array([[99, 0], [99, 0]], "f4"), np.array([0, 1], "i4"))
    assert state[0].tolist() == [0] * 14 + [2]
    assert METRIC.result(state)["expected_calibration_error"] == pytest.approx(0.5)
