"""Numbers of tables: robust scaling, smooth clipping, missing values and bins of quantiles."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.preprocessing.robust import MOST_BINS, Robust
from tfapp.spec import FeatureSpec

FEATURE = FeatureSpec("x", "numeric", (), "float32")


def apply(fitted, values):
    return fitted(tf.constant(values, tf.float32)).numpy()


def fit(values):
    return Robust.fit(np.array(values, np.float32))


def test_the_formula_of_the_paper():
    """arXiv:2407.04491: median 2, quartiles 1 and 3."""
    fitted = fit([0, 1, 2, 3, 4])
    z = np.array([-1, 0, 0.5, 49])
    assert apply(fitted, 2 + 2 * z) == pytest.approx(z / np.sqrt(1 + (z / 3) ** 2), rel=1e-5)


def test_a_code_for_unknown_does_not_set_the_scale():
    values = np.random.default_rng(0).normal(50, 5, 1000)
    values[:100] = -999
    scaled = apply(fit(values), values)
    assert scaled[100:].std() > 0.5
    assert scaled[:100].min() >= -3 and scaled[:100].max() < -2.9


def test_where_half_of_a_column_is_one_value_its_range_is_the_scale():
    values = np.r_[np.zeros(90), np.arange(1, 11)].astype("f4")
    z = values * 2 / 10
    assert apply(fit(values), values) == pytest.approx(z / np.sqrt(1 + (z / 3) ** 2), rel=1e-5)


@pytest.mark.parametrize("values", [[7, 7, 7], [np.nan, np.nan], [np.inf, 1.0, 1.0]], ids=str)
def test_a_column_that_says_nothing_becomes_zero(values):
    fitted = fit(values)
    out = apply(fitted, [7, 8, -1e30])
    assert not (out if out.ndim == 1 else out[:, 0]).any()
    assert fitted.edges == ()


def test_infinite_and_huge_values_stay_finite():
    out = apply(fit([1, 2, 3, np.inf, -np.inf, 3e38]), [np.inf, -np.inf, 3e38, 2])
    assert np.isfinite(out).all()
    assert out[:2].tolist() == [3, -3]


def test_missing_numbers_are_the_median_and_are_marked_if_train_has_any():
    with_gap, without = fit([1, np.nan, 3, 5]), fit([1, 3, 5])
    assert apply(with_gap, [np.nan, 3.0]).tolist() == [[0, 1], [0, 0]]
    assert apply(without, [np.nan, 3.0]).tolist() == [0, 0]
    assert with_gap.input_spec(FEATURE).edges == (with_gap.edges, ())
    assert without.input_spec(FEATURE).edges == (without.edges,)


def test_each_bin_holds_as_many_examples():
    values = np.random.default_rng(0).lognormal(size=4800).astype("f4")
    fitted = fit(values)
    assert len(fitted.edges) == MOST_BINS + 1
    counts, _ = np.histogram(apply(fitted, values), np.array(fitted.edges, "f4"))
    assert counts.min() >= 99 and counts.max() <= 102


def test_a_column_that_is_nearly_always_zero_has_bins_for_the_rest():
    rest = np.random.default_rng(0).lognormal(size=500)
    fitted = fit(np.r_[np.zeros(9500), rest])
    assert MOST_BINS - 1 <= len(fitted.edges) <= MOST_BINS + 1
    counts, _ = np.histogram(apply(fitted, rest), np.array(fitted.edges, "f4"))
    assert counts[1:].min() >= 9


def test_few_distinct_values_are_the_edges():
    fitted = fit([0, 1, 2, 2, 2, 7])
    assert np.array(fitted.edges) == pytest.approx(np.unique(apply(fitted, [0, 1, 2, 7])))


def test_json_gives_back_the_same_bits():
    fitted = fit(np.random.default_rng(0).normal(size=200) / 3)
    assert Robust.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
