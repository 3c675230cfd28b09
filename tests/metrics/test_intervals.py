"""Confidence intervals against closed forms, textbook figures and repeated draws."""

import math

import numpy as np
import pytest

from tfapp.metrics import intervals
from tfapp.metrics.accuracy import Accuracy
from tfapp.metrics.auc import AreasUnderCurves
from tfapp.metrics.log_loss import LogLoss
from tfapp.metrics.regression import ErrorSpread


def test_wilson_at_its_published_values():
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    assert intervals.of_share(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert intervals.of_share(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert intervals.of_share(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert intervals.of_share(29, 29) == pytest.approx((0.8830, 1.0), abs=1e-4)
    assert intervals.of_share(0, 0) == (0.0, 1.0)


def covers(interval, truth):
    low, high = interval
    return low <= truth <= high


def test_intervals_hold_the_truth_in_19_of_20_draws():
    random = np.random.default_rng(0)
    shares, means = [], []
    for _ in range(2000):
        shares.append(covers(intervals.of_share(random.binomial(150, 0.8), 150), 0.8))
        draw = random.exponential(size=400)
        means.append(covers(intervals.of_mean(draw.sum(), (draw**2).sum(), 400), 1.0))
    assert np.mean(shares) == pytest.approx(0.95, abs=0.02)
    assert np.mean(means) == pytest.approx(0.95, abs=0.02)


def test_the_interval_of_a_roc_auc_holds_the_truth_in_most_draws():
    random, truth = np.random.default_rng(1), 0.7602499389  # P(N(1, 1) > N(0, 1))
    hits = []
    for _ in range(400):
        scores = np.concatenate([random.normal(1, 1, 80), random.normal(0, 1, 120)])
        above = (scores[:80, None] > scores[None, 80:]).mean()
        hits.append(covers(intervals.of_roc_auc(above, 80, 120), truth))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)
    assert all(map(math.isnan, intervals.of_roc_auc(float("nan"), 0, 5)))


def test_too_few_examples_have_no_interval_of_a_mean():
    assert all(map(math.isnan, intervals.of_mean(3.0, 9.0, 1)))
    assert intervals.of_mean(6.0, 12.0, 3) == (2.0, 2.0)


def test_metrics_give_the_intervals_of_their_examples(predictions, eager_state_of):
    logits, labels = predictions(2)
    state = eager_state_of(Accuracy(), logits, labels)
    hits = (logits.argmax(1) == labels).sum()
    assert Accuracy().intervals(state)["accuracy"] == intervals.of_share(hits, len(labels))
    losses = np.logaddexp(0, (logits[:, 1] - logits[:, 0]) * (1 - 2 * labels)).astype("f8")
    low, high = LogLoss().intervals(eager_state_of(LogLoss(), logits, labels))["log_loss"]
    half = 1.959964 * losses.std(ddof=1) / len(labels) ** 0.5
    assert (low, high) == pytest.approx((losses.mean() - half, losses.mean() + half), rel=1e-5)
    areas = AreasUnderCurves(2)
    state = eager_state_of(areas, logits, labels)
    low, high = areas.intervals(state)["roc_auc"]
    assert low < areas.result(state)["roc_auc"] < high
    assert AreasUnderCurves(3).intervals(np.ones((2, 3, 2048))) == {}


def test_errors_in_the_labels_unit(state_of):
    random = np.random.default_rng(0)
    outputs, labels = random.normal(size=(2, 300, 1)).astype("f4")
    found = ErrorSpread(10.0)
    spread = found.intervals(state_of(found, outputs, labels))
    errors = np.abs(outputs - labels)[:, 0].astype("f8") * 10
    for name, values in (("mean_absolute_error", errors), ("mean_squared_error", errors**2)):
        wanted = intervals.of_mean(values.sum(), (values**2).sum(), 300)
        assert spread[name] == pytest.approx(wanted, rel=1e-5)
    low, high = spread["root_mean_squared_error"]
    assert (low**2, high**2) == pytest.approx(spread["mean_squared_error"])
    assert found.result(found.zero().numpy()) == {}


def test_what_cannot_be_negative_has_an_interval_above_0(eager_state_of):
    # One confident mistake among nine good answers: the normal interval would reach below 0.
    logits, labels = np.float32([[9, 0]] * 10), np.int32([0] * 9 + [1])
    low, high = LogLoss().intervals(eager_state_of(LogLoss(), logits, labels))["log_loss"]
    assert low == 0 < high
