"""ROC-AUC and average precision lie within their stated error of the exact values."""

import numpy as np
import pytest
import tensorflow as tf

from tests.metrics.exact_areas import exact_average_precision, exact_roc_auc
from tfapp.metrics import score_histogram
from tfapp.metrics.auc import AreasUnderCurves, log_odds


def exact_log_odds(logits):
    logits = logits.astype("f8")
    rest = [np.logaddexp.reduce(np.delete(logits, c, 1), axis=1) for c in range(logits.shape[1])]
    return logits - np.stack(rest, 1)


def check(metric, state, scores, positive):
    """`scores` and `positive` are [examples, curves]."""
    result, details = metric.result(state), metric.details(state)
    columns = [(scores[:, c], positive[:, c]) for c in range(scores.shape[1])]
    auc = np.mean([exact_roc_auc(*column) for column in columns])
    precision = np.mean([exact_average_precision(*column) for column in columns])
    assert abs(result["roc_auc"] - auc) <= details["roc_auc_error"] + 1e-12
    low, high = details["pr_auc_interval"]
    assert low - 1e-12 <= precision <= high + 1e-12
    assert low - 1e-12 <= result["pr_auc"] <= high + 1e-12
    return details


AREAS = {classes: AreasUnderCurves(classes) for classes in (2, 3, 5)}


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_both_lie_within_their_bounds(predictions, state_of, classes, scale):
    logits, labels = predictions(classes)
    logits *= np.float32(scale)
    metric = AREAS[classes]
    scores = exact_log_odds(logits)
    positive = labels[:, None] == np.arange(classes)
    if classes == 2:
        scores, positive = scores[:, 1:], positive[:, 1:]
    details = check(metric, state_of(metric, logits, labels, parts=3), scores, positive)
    if scale == 1.0:  # log-odds as networks give them
        assert details["roc_auc_error"] < 0.001
        assert np.diff(details["pr_auc_interval"]) < 0.01


def test_few_bins_are_within_their_bounds_too():
    """Coarse bins, where the bound has something to bound."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        positive = random.random(300) < 0.3
        scores = random.normal(size=300) + positive
        bins = np.digitize(scores, [-1, 0, 1, 2])
        sides = (positive, ~positive)
        counts = [np.bincount(bins[side], minlength=5)[None] * 1.0 for side in sides]
        value, error = score_histogram.roc_auc(*counts)
        assert error[0] > 0.01
        assert abs(value[0] - exact_roc_auc(scores, positive)) <= error[0]
        value, low, high = score_histogram.average_precision(*counts)
        assert low[0] <= exact_average_precision(scores, positive) <= high[0]
        # The extremes of each bin's order, and all of it tied, are between the bounds as well.
        for order in (1e-3, -1e-3, 0.0):
            moved = bins + order * positive
            assert low[0] <= exact_average_precision(moved, positive) <= high[0] + 1e-12
            assert abs(exact_roc_auc(moved, positive) - exact_roc_auc(bins * 1.0, positive)) <= (
                error[0] + 1e-12
            )
        assert value[0] == pytest.approx(exact_average_precision(bins * 1.0, positive))


def test_ties_count_half_and_a_constant_score_is_worth_the_positives_share(state_of):
    labels = (np.arange(100) < 30).astype("i4")
    metric = AREAS[2]
    found = metric.result(state_of(metric, np.ones((100, 2), "f4"), labels))
    assert found == {"roc_auc": pytest.approx(0.5), "pr_auc": pytest.approx(0.3)}


def test_classes_without_examples_on_both_sides_are_left_out(predictions, state_of):
    logits, labels = predictions(3)
    narrow = AREAS[3]
    expected = narrow.result(state_of(narrow, logits, labels))
    wide = np.concatenate([logits, np.full((len(labels), 2), -99, "f4")], axis=1)
    metric = AREAS[5]
    assert metric.result(state_of(metric, wide, labels)) == pytest.approx(expected, abs=1e-3)
    alone = AREAS[2]
    found = alone.result(state_of(alone, logits[:, :2], np.zeros(len(labels), "i4")))
    assert np.isnan([found["roc_auc"], found["pr_auc"]]).all()


def test_log_odds_are_exact_where_probabilities_are_not():
    logits = np.array([[50, 0, 1], [0, -200, 80], [1, 1, 1], [0.1, 0.2, 0.3]], "f4")
    assert log_odds(tf.constant(logits)).numpy() == pytest.approx(exact_log_odds(logits), rel=1e-5)


def test_bins_increase_with_the_score_and_reach_every_score():
    random = np.random.default_rng(0)
    scores = np.concatenate([random.normal(size=20000) * 10, random.normal(size=2000) * 1e4])
    scores = np.sort(np.concatenate([scores, [-np.inf, -1e38, 0, 1e38, np.inf]]).astype("f4"))
    bins = score_histogram.bin_of(tf.constant(scores)).numpy()
    assert (np.diff(bins) >= 0).all()
    assert (bins[0], bins[-1]) == (0, score_histogram.BINS - 1)
    assert score_histogram.bin_of(tf.constant([np.nan], tf.float32)).numpy() == [0]


def test_bins_are_as_narrow_as_documented():
    for at, width in ((0.0, 0.008), (20.0, 0.1)):
        scores = np.linspace(at, at + 10 * width, 10001).astype("f4")
        assert np.diff(np.unique(score_histogram.bin_of(tf.constant(scores)))).max() == 1
        assert len(np.unique(score_histogram.bin_of(tf.constant(scores)))) >= 10
