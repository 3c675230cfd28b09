"""The best threshold against one that is found by trying all of them."""

import numpy as np
import pytest

from tfapp.metrics.accuracy import Accuracy
from tfapp.metrics.confusion import ConfusionMatrix, MacroF1
from tfapp.metrics.score_histogram import BINS, bin_of, log_odds_of
from tfapp.metrics.threshold import AtThreshold, Threshold


def rare(examples=4000, seed=0):
    """Logits [n, 2] of which about 4% are of the second class."""
    random = np.random.default_rng(seed)
    score = random.normal(-4, 1.5, examples).astype("f4")
    labels = (random.random(examples) < 1 / (1 + np.exp(-score))).astype("i4")
    return np.stack([np.zeros_like(score), score], 1), labels


def scores(goal, predicted, labels):
    hit, wrong = (predicted & (labels == 1)).sum(), (predicted & (labels == 0)).sum()
    p, n = (labels == 1).sum(), (labels == 0).sum()
    if goal == "balanced_accuracy":
        return (hit / p + 1 - wrong / n) / 2
    second = 2 * hit / (hit + wrong + p)
    right = n - wrong
    return (second + 2 * right / (right + p - hit + n)) / 2


@pytest.mark.parametrize("goal", ["f1", "balanced_accuracy"])
def test_no_other_threshold_is_better(goal, state_of):
    logits, labels = rare()
    state = state_of(Threshold(goal), logits, labels, parts=3)
    found = Threshold(goal).result(state)["threshold"]
    probabilities = 1 / (1 + np.exp(-logits[:, 1].astype("f8")))
    best = max(scores(goal, probabilities > t, labels) for t in np.linspace(0.001, 0.999, 999))
    assert scores(goal, probabilities > found, labels) >= best - 0.002
    assert scores(goal, probabilities > found, labels) > scores(goal, probabilities > 0.5, labels)


def test_between_separate_classes_it_lies_in_the_middle(state_of):
    logits = np.array([[0, -3.0], [0, -2.0], [0, 1.0], [0, 2.0]], "f4")
    metric = Threshold("f1")
    found = metric.result(state_of(metric, logits, np.array([0, 0, 1, 1], "i4")))["threshold"]
    assert np.log(found / (1 - found)) == pytest.approx(-0.5, abs=0.2)


def test_without_one_of_the_classes_it_is_a_half(state_of):
    metric = Threshold("balanced_accuracy")
    state = state_of(metric, np.zeros((5, 2), "f4"), np.zeros(5, "i4"))
    assert metric.result(state) == {"threshold": 0.5}
    assert metric.result(metric.zero().numpy()) == {"threshold": 0.5}


def test_the_edges_of_bins_are_inverted():
    for position in (1, 100, BINS // 2, 1500, BINS - 1):
        edge = log_odds_of(position)
        assert bin_of(np.float32(edge + 1e-3 * (1 + abs(edge)))) == position
        assert bin_of(np.float32(edge - 1e-3 * (1 + abs(edge)))) == position - 1


def test_metrics_of_answers_follow_a_threshold(state_of):
    logits, labels = rare()
    log_odds = -1.0
    predicted = (logits[:, 1] > log_odds).astype("i4")
    as_answered = np.stack([1.0 - predicted, predicted], 1).astype("f4")
    for metric in (Accuracy(), MacroF1(2), ConfusionMatrix(("no", "yes"))):
        moved = AtThreshold(metric, log_odds)
        found, wanted = state_of(moved, logits, labels), state_of(metric, as_answered, labels)
        assert (moved.name, moved.goal) == (metric.name, metric.goal)
        assert moved.result(found) == metric.result(wanted)
        assert moved.details(found) == metric.details(wanted)
        assert moved.intervals(found) == metric.intervals(wanted)
