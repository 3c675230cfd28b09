"""Pinball loss, coverage and width in the label's unit; the offsets of conformal prediction."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.metrics import score_histogram
from tfapp.metrics.quantiles import ConformalOffsets, Coverage, PinballLoss

LEVELS, NAMES = (0.1, 0.5, 0.9), ("q0.1", "q0.5", "q0.9")
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.normal(size=(2000, 1)).astype("f4")
QUANTILES = np.array([-1.2816, 0.0, 1.2816])  # of the standard normal distribution


def answers(offset=0.0, factor=1.0):
    return np.broadcast_to((QUANTILES * factor + offset).astype("f4"), (2000, 3)).copy()


def test_pinball_loss_coverage_and_width_are_in_the_unit_of_the_label(eager_state_of):
    scale, metric = 20.0, PinballLoss(LEVELS, NAMES, 20.0)
    state = eager_state_of(metric, answers(), LABELS)
    above = LABELS - answers()
    each = np.where(above > 0, LEVELS * above, (np.array(LEVELS) - 1) * above) * scale
    found = metric.result(state)
    assert list(found) == ["pinball_loss", *(f"pinball_loss_{name}" for name in NAMES)]
    assert list(found.values())[1:] == pytest.approx(each.mean(axis=0), rel=1e-5)
    assert found["pinball_loss"] == pytest.approx(each.mean(), rel=1e-5)
    low, high = metric.intervals(state)["pinball_loss"]
    assert low < each.mean() < high
    metric = Coverage(0.8, scale)
    state = eager_state_of(metric, answers(), LABELS)
    found = metric.result(state)
    inside = (np.abs(LABELS) <= np.float32(1.2816)).mean()
    assert found == {
        "coverage": pytest.approx(inside), "mean_width": pytest.approx(2.5632 * scale, rel=1e-5)
    }  # fmt: skip
    assert metric.details(state) == {"nominal_coverage": 0.8}


def test_quantiles_that_are_right_are_left_alone(eager_state_of):
    metric = ConformalOffsets(LEVELS, NAMES)
    assert set(metric.result(eager_state_of(metric, answers(), LABELS)).values()) == {0.0}
    assert set(metric.result(metric.zero().numpy()).values()) == {0.0}


@pytest.mark.parametrize("offset, factor", [(0.0, 0.5), (0.0, 2.0), (3.0, 1.0), (-3.0, 1.0)])
def test_offsets_give_each_quantile_its_share_of_unseen_labels(
    state_of, eager_state_of, offset, factor
):
    metric = ConformalOffsets(LEVELS, NAMES)
    found = metric.result(state_of(metric, answers(offset, factor), LABELS, parts=2))
    moved = QUANTILES * factor + offset + list(found.values())
    assert any(found.values())
    unseen = np.random.default_rng(1).normal(size=50_000)
    assert [(unseen <= value).mean() for value in moved] == pytest.approx(LEVELS, abs=0.03)


def test_an_offset_is_the_score_of_its_rank_rounded_away_from_the_median(eager_state_of):
    scores = np.linspace(0.5, 1.5, 21).astype("f4")[:, None]  # of answers that are all too low
    metric = ConformalOffsets((0.3, 0.9), ("low", "high"))
    found = metric.result(eager_state_of(metric, np.zeros((21, 2), "f4"), scores))
    # Ranks floor(22 * 0.3) = 6 and ceil(22 * 0.9) = 20.
    assert 0.75 - 0.06 < found["low"] <= 0.75
    assert 1.45 <= found["high"] < 1.45 + 0.12


def test_too_few_labels_for_a_quantile_give_the_largest_score(eager_state_of):
    metric = ConformalOffsets((0.99,), ("q0.99",))
    labels = np.ones((400, 1), "f4")
    found = metric.result(eager_state_of(metric, np.zeros((400, 1), "f4"), labels))
    assert 1 <= found["q0.99"] < 1.1


def test_the_edges_are_those_of_the_bins():
    for index in (1, 100, 1024, 1500, 2047):
        edge = score_histogram.log_odds_of(index)
        around = tf.constant([edge - 1e-3 * (1 + abs(edge)), edge + 1e-3 * (1 + abs(edge))])
        low, high = score_histogram.bin_of(around).numpy()
        assert low < index <= high
