"""Accuracy, top-k accuracy and log loss against NumPy."""

import numpy as np
import pytest

from tfapp.metrics.accuracy import Accuracy, TopKAccuracy
from tfapp.metrics.log_loss import LogLoss


def test_accuracy(predictions, state_of):
    logits, labels = predictions(7)
    state = state_of(Accuracy(), logits, labels)
    assert Accuracy().result(state) == {"accuracy": np.mean(logits.argmax(1) == labels)}


def test_a_mixed_example_counts_as_its_largest_share(predictions, state_of):
    logits, labels = predictions(7)
    shares = np.full((len(labels), 7), 0.05, "f4")
    shares[np.arange(len(labels)), labels] = 0.7
    expected = state_of(Accuracy(), logits, labels)
    assert state_of(Accuracy(), logits, shares).tolist() == expected.tolist()


def test_weights_weigh(predictions, state_of):
    logits, labels = predictions(7)
    weights = np.random.default_rng(3).random(len(labels)).astype("f4")
    found = Accuracy().result(state_of(Accuracy(), logits, labels, weights))
    expected = np.average(logits.argmax(1) == labels, weights=weights)
    assert found["accuracy"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [1, 5])
def test_top_k(predictions, state_of, k):
    logits, labels = predictions(20)
    best = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    metric = TopKAccuracy(k)
    expected = np.mean((best == labels[:, None]).any(1))
    assert metric.result(state_of(metric, logits, labels)) == {f"top_{k}_accuracy": expected}


def test_equal_logits_are_worth_a_guess(state_of):
    labels = np.arange(20, dtype="i4")
    state = state_of(TopKAccuracy(5), np.zeros((20, 20), "f4"), labels)
    assert TopKAccuracy(5).result(state)["top_5_accuracy"] == 5 / 20


def test_nan_is_never_among_the_first(state_of):
    state = state_of(TopKAccuracy(5), np.full((4, 20), np.nan, "f4"), np.arange(4, dtype="i4"))
    assert TopKAccuracy(5).result(state)["top_5_accuracy"] == 0


def test_log_loss(predictions, state_of):
    logits, labels = predictions(7)
    exact = logits.astype("f8")
    exact -= np.log(np.exp(exact).sum(1, keepdims=True))
    expected = -exact[np.arange(len(labels)), labels].mean()
    found = LogLoss().result(state_of(LogLoss(), logits, labels))
    assert found["log_loss"] == pytest.approx(expected, rel=1e-6)


def test_log_loss_is_not_clipped(state_of):
    state = state_of(LogLoss(), np.array([[0, 300]], "f4"), np.array([0], "i4"))
    assert LogLoss().result(state)["log_loss"] == pytest.approx(300)
