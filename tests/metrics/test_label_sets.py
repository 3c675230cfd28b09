"""Metrics of sets of labels, against their definitions label by label."""

import numpy as np
import pytest

from tests.metrics.exact_areas import exact_average_precision, exact_roc_auc
from tfapp.metrics.label_areas import LabelAreas
from tfapp.metrics.label_sets import (
    HammingLoss,
    LabelCalibrationError,
    LabelLogLoss,
    MacroF1,
    MicroF1,
    SubsetAccuracy,
)

LABELS = 4


@pytest.fixture(scope="module")
def pairs():
    """Logits better than chance, and sets; the last label is in no set."""
    random = np.random.default_rng(3)
    labels = (random.random((500, LABELS)) < [0.5, 0.3, 0.1, 0]).astype("u1")
    logits = random.normal(size=labels.shape).astype("f4") * 2 + 2.0 * labels - 1
    return logits.astype("f4"), labels


def f1(answered, labels):
    hits = (answered & labels).sum()
    return 2 * hits / (answered.sum() + labels.sum())


def test_f1_of_all_counts_and_the_mean_of_each_labels(pairs, eager_state_of):
    answered, labels = pairs[0] >= 0, pairs[1] == 1
    micro, macro = MicroF1(), MacroF1(["a", "b", "c", "d"])
    state = eager_state_of(micro, *pairs)
    assert micro.result(state)["micro_f1"] == pytest.approx(f1(answered, labels))
    low, high = micro.intervals(state)["micro_f1"]
    assert low < f1(answered, labels) < high < low + 0.2
    state = eager_state_of(macro, *pairs)
    each = [f1(answered[:, i], labels[:, i]) for i in range(LABELS)]
    assert macro.result(state)["macro_f1"] == pytest.approx(np.mean(each))
    counts = macro.details(state)["labels"]
    assert counts["names"] == ["a", "b", "c", "d"]
    assert counts["false_negatives"] == (~answered & labels).sum(axis=0).tolist()


def test_the_interval_of_micro_f1_covers_as_often_as_it_says():
    """Of samples of a population whose F1 is known."""
    random, metric, inside = np.random.default_rng(4), MicroF1(), 0
    labels = (random.random((20_000, 3)) < 0.4).astype("u1")
    logits = (random.normal(size=labels.shape) + labels).astype("f4") - 0.5
    whole = f1(logits >= 0, labels == 1)
    for _ in range(200):
        rows = random.integers(0, len(labels), 150)
        state = metric.update(logits[rows], labels[rows], np.ones(150, "f4")).numpy()
        low, high = metric.intervals(state)["micro_f1"]
        inside += low <= whole <= high
    assert 0.9 <= inside / 200 <= 0.99


def test_whole_sets_single_labels_and_log_loss(pairs, eager_state_of):
    logits, labels = pairs
    wrong = (logits >= 0) != (labels == 1)

    def value(metric):
        (found,) = metric.result(eager_state_of(metric, *pairs)).values()
        return found

    assert value(SubsetAccuracy()) == pytest.approx(1 - wrong.any(axis=1).mean())
    assert value(HammingLoss()) == pytest.approx(wrong.mean())
    log_loss = np.logaddexp(0, np.where(labels == 1, -logits, logits).astype("f8")).mean()
    assert value(LabelLogLoss()) == pytest.approx(log_loss, rel=1e-5)


def test_probabilities_that_are_right_are_calibrated(eager_state_of):
    random, metric = np.random.default_rng(5), LabelCalibrationError()
    logits = random.normal(size=(20_000, 2)).astype("f4") * 2
    labels = (random.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype("u1")
    name = "expected_calibration_error"
    assert metric.result(eager_state_of(metric, logits, labels))[name] < 0.02
    assert metric.result(eager_state_of(metric, 3 * logits, labels))[name] > 0.08


def test_areas_are_means_over_the_labels_that_some_have_and_some_lack(pairs, state_of):
    logits, labels = pairs
    metric = LabelAreas(LABELS)
    state = state_of(metric, *pairs, parts=2)
    result, details = metric.result(state), metric.details(state)
    known = range(LABELS - 1)
    auc = np.mean([exact_roc_auc(logits[:, i], labels[:, i] == 1) for i in known])
    assert abs(result["roc_auc"] - auc) <= details["roc_auc_error"] + 1e-12
    precision = np.mean([exact_average_precision(logits[:, i], labels[:, i] == 1) for i in known])
    low, high = details["pr_auc_interval"]
    assert low - 1e-12 <= precision <= high + 1e-12
