"""The best temperature against NumPy on a fine grid."""

import numpy as np
import pytest

from tfapp.metrics.temperature import _GRID, _ONE, Temperature


def log_loss(logits, labels, temperature):
    scaled = logits.astype("f8") / temperature
    scaled -= scaled.max(1, keepdims=True)
    scaled -= np.log(np.exp(scaled).sum(1, keepdims=True))
    return -scaled[np.arange(len(labels)), labels].mean()


def calibrated(classes, examples=4000):
    """Logits whose softmax is the truth, and classes drawn from it."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(examples, classes)).astype("f4") * 2
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    drawn = (chances.cumsum(1) > random.random((examples, 1))).argmax(1)
    return logits, drawn.astype("i4")


@pytest.mark.parametrize("factor", [0.3, 0.8, 3.0])
def test_it_undoes_a_factor(state_of, factor):
    logits, labels = calibrated(5)
    metric = Temperature()
    state = state_of(metric, logits * np.float32(factor), labels, parts=3)
    found = metric.result(state)["temperature"]
    fine = np.geomspace(found / 1.05, found * 1.05, 201)
    best = fine[np.argmin([log_loss(logits * factor, labels, t) for t in fine])]
    assert found == pytest.approx(best, rel=2e-3)
    assert found == pytest.approx(factor, rel=0.1)
    assert metric.details(state)["log_loss"] == pytest.approx(log_loss(logits * factor, labels, 1))


@pytest.mark.parametrize("gain, changed", [(1.9, False), (2.0, True)])
def test_what_chance_would_gain_is_left_alone(gain, changed):
    losses = 500 + 3 * np.abs(np.log(_GRID) - np.log(2.0))
    losses[_ONE] = losses.min() + gain
    found = Temperature().result(np.append(losses, 1000.0))["temperature"]
    assert found == (pytest.approx(2.0, rel=0.03) if changed else 1.0)


def test_padding_and_nan(padded, eager_state_of):
    logits, labels = calibrated(3, 600)
    outputs, labels, weights = padded(logits * 4, labels)
    kept = weights > 0
    wanted = eager_state_of(Temperature(), logits[kept] * 4, labels[kept])
    found = eager_state_of(Temperature(), outputs, labels, weights)
    assert found == pytest.approx(wanted, rel=1e-5)
    broken = eager_state_of(Temperature(), np.full((9, 3), np.nan, "f4"), labels[:9])
    assert Temperature().result(broken)["temperature"] == 1.0
    assert Temperature().result(Temperature().zero().numpy())["temperature"] == 1.0
    assert Temperature().details(Temperature().zero().numpy()) == {"log_loss": None}


def test_a_temperature_beyond_the_grid_is_at_its_end(eager_state_of):
    labels = np.zeros(100, "i4")
    sure = np.tile(np.array([[5.0, 0.0]], "f4"), (100, 1))
    found = Temperature().result(eager_state_of(Temperature(), sure * 0.01, labels))
    assert found["temperature"] == pytest.approx(0.1)
