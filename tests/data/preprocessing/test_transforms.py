"""Every kind of transform honours the contract of `Transform`, also those that old runs kept."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfapp.data.preprocessing import TRANSFORMS, Preprocessing
from tfapp.data.preprocessing.categories import fit_categories
from tfapp.data.preprocessing.codes import Codes
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.fitting import fit_transform
from tfapp.data.preprocessing.robust import Robust
from tfapp.data.splits.string_column import StringColumn
from tfapp.spec import FeatureSpec

STRINGS = ["b", "a", "", "b", "a long way home"]
KEPT = sorted((ROOT / "tests" / "old_runs").glob("*/*/preprocessing.json"))


def strings(values):
    distinct = sorted(set(values))
    codes = np.array([distinct.index(v) for v in values], np.int32)
    return StringColumn(codes, np.array(distinct, object))


DATES = strings(["2024-02-29", "", "soon", "1999-12-31T23:59"])
MANY = strings([f"v{i}" for i in range(20_001)])
RARE = strings([*(f"v{i // 2}" for i in range(120)), "once", "twice", "twice"])
FREQUENT = strings([*(f"v{i}" for i in range(20_001)), "common", "common"])
PIXELS = np.arange(5 * 12, dtype=np.uint8).reshape(5, 2, 2, 3)
# kind of transform, feature, raw column
CASES = {
    "numbers": ("standardize", FeatureSpec("f", "numeric", (3,), "float32"), np.eye(4, 3)),
    "missing": (
        "robust",
        FeatureSpec("f", "numeric", (), "float32"),
        np.array([1, np.nan, 3], np.float32),
    ),
    "images": ("standardize", FeatureSpec("f", "image", (2, 2, 3), "uint8"), PIXELS),
    "categories": ("categories", FeatureSpec("f", "category", (), "string"), strings(STRINGS)),
    "rare": ("categories", FeatureSpec("f", "category", (), "string"), RARE),
    "frequent": ("hashed", FeatureSpec("f", "category", (), "string"), FREQUENT),
    "codes": (
        "codes",
        FeatureSpec("f", "code", (), "float32"),
        np.array([94110, 7, np.nan, 94110, 1201], np.float32),
    ),
    "sentinels": (
        "robust",
        FeatureSpec("f", "numeric", (), "float32", (-999.0, 9999.0)),
        np.array([1, -999, 3, 9999, 4], np.float32),
    ),
    "hashed": ("hashed", FeatureSpec("f", "category", (), "string"), MANY),
    "dates": ("dates", FeatureSpec("f", "date", (), "string"), DATES),
    "texts": ("tokens", FeatureSpec("f", "text", (), "string"), strings(STRINGS)),
}


@pytest.fixture(params=CASES)
def case(request):
    kind, feature, column = CASES[request.param]
    transform = fit_transform(feature, column, length=0, unit="auto", size=50)
    return kind, transform, feature, column


def test_the_host_and_the_graph_encode_alike(case):
    _, transform, _, column = case
    raw = tf.constant(np.asarray(column))
    encoded = transform.encode_column(column)
    assert len(encoded) == len(column)
    assert np.array_equal(encoded, transform.encode(raw), equal_nan=encoded.dtype.kind == "f")


def test_the_models_input_is_as_described(case):
    _, transform, feature, column = case
    spec = transform.input_spec(feature)
    inputs = transform(tf.constant(transform.encode_column(column)))
    assert spec.name == "f"
    assert inputs.shape == (len(column), *spec.shape)
    assert inputs.dtype == spec.dtype
    assert np.isfinite(inputs).all()
    if spec.vocabulary:
        assert inputs.numpy().min() >= 0 and inputs.numpy().max() < spec.vocabulary


def test_json_restores_what_it_computes(case):
    kind, transform, _, column = case
    assert TRANSFORMS[kind] is type(transform)
    kept = json.loads(json.dumps({"kind": kind, **transform.to_json()}))
    again = TRANSFORMS[kind].from_json(kept)
    encoded = transform.encode_column(column)
    assert np.array_equal(again(tf.constant(encoded)), transform(tf.constant(encoded)))


def test_only_categories_can_be_unknown(case):
    kind, transform, _, column = case
    assert (transform.unknown(column) is None) == (kind != "categories")
    if kind == "categories":
        assert not transform.unknown(column).any()
        assert transform.unknown(strings(["new", "", "b"])).tolist()[0] is True


def test_values_of_one_row_stand_for_unknown_ones_where_there_are_many():
    rare, few = (fit_categories(column) for column in (RARE, strings(["a", "b", "b"])))
    assert rare.encode(tf.constant(["once", "never", "twice"])).numpy().tolist() == [0, 0, 1]
    assert few.encode(tf.constant(["a", "never"])).numpy().tolist() == [1, 0]


def test_frequent_values_among_very_many_share_no_id():
    ids = fit_categories(FREQUENT).encode_column(FREQUENT)
    common = ids[-1]
    assert (ids == common).sum() == 2 and (np.delete(ids, [-1, -2]) < common).all()


def test_codes_are_numbered_and_others_are_unknown():
    column = CASES["codes"][2]
    fitted = Codes.fit(column)
    raw = tf.constant([7, 1201, 94110, 94111, 0, np.nan], tf.float32)
    assert fitted.encode(raw).numpy().tolist() == [1, 2, 3, 0, 0, 4]
    assert Codes.fit(column[[0, 1]]).encode(raw).numpy().tolist() == [1, 0, 2, 0, 0, 0]
    assert Codes.fit(column[2:3]).encode(raw).numpy().tolist() == [0, 0, 0, 0, 0, 1]


def test_numbers_for_missing_are_missing():
    _, feature, column = CASES["sentinels"]
    fitted = fit_transform(feature, column, length=0, unit="auto", size=50)
    known = Robust.fit(np.array([1, np.nan, 3, np.nan, 4], np.float32))
    assert (fitted.center, fitted.scale, fitted.edges) == (known.center, known.scale, known.edges)
    out = fitted(fitted.encode(tf.constant(column))).numpy()
    assert out[:, 1].tolist() == [0, 1, 0, 1, 0]
    assert not out[[1, 3], 0].any()


def test_missing_dates_are_marked_if_train_has_any():
    with_gap, without = (Dates.fit(strings(v)) for v in (["2024-01-01", ""], ["2024-01-01"]))
    raw = tf.constant(["2024-01-01", "never"])
    assert with_gap(with_gap.encode(raw)).numpy()[:, 7].tolist() == [0, 1]
    assert without(without.encode(raw)).shape == (2, 7)


def test_dates_are_cyclic_in_year_week_and_day_and_have_a_trend():
    fitted = Dates.fit(strings(["2024-01-01 00:00", "2024-12-30 06:00"]))
    raw = tf.constant(["2024-01-01 06:00", "2024-01-08 06:00", "2025-01-01 06:00"])
    trend, year, week, day = np.split(fitted(fitted.encode(raw)).numpy(), [1, 3, 5], axis=1)
    assert trend[0] < trend[1] < trend[2]
    assert year[2] == pytest.approx(year[0], abs=0.02) and not np.allclose(year[1], year[0], 0.05)
    assert week[1] == pytest.approx(week[0], abs=1e-5)
    assert day == pytest.approx(np.tile([1, 0], (3, 1)), abs=1e-5)


def test_old_runs_are_there():
    assert len(KEPT) >= 3


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_what_an_old_run_kept_can_be_read(path):
    kept = json.loads(path.read_text())
    assert Preprocessing.from_json(kept).to_json() == kept


SEEN = {
    "numbers": {"range": [0.0, 1.0], "missing": False},
    "missing": {"range": [1.0, 3.0], "missing": True},
    "images": {"range": [0, 59], "missing": False},
    "categories": {"values": ["a", "a long way home", "b"], "distinct": 3, "missing": True},
    "rare": {"values": sorted([*(f"v{i}" for i in range(60)), "twice"]), "distinct": 61,
             "missing": False},
    "frequent": {"values": ["common"], "distinct": 1, "missing": False},
    "codes": {"values": [7.0, 1201.0, 94110.0], "distinct": 3, "missing": True},
    "sentinels": {"range": [1.0, 4.0], "missing": True},
    "hashed": {"values": [], "distinct": 0, "missing": False},
    "dates": {"range": ["1999-12-31", "2024-02-29"], "missing": True},
    "texts": {},
}  # fmt: skip


def test_what_train_holds_is_known_without_values_of_a_single_row_among_many(case, request):
    _, transform, _, column = case
    seen = transform.seen(transform.encode_column(column))
    assert json.loads(json.dumps(seen)) == SEEN[request.node.callspec.params["case"]]
    without = transform.seen(None)  # examples that are not in memory
    assert "range" not in without and without == {k: v for k, v in seen.items() if k != "range"}


def test_a_range_has_the_digits_of_its_precision_and_is_left_out_if_there_is_none():
    transform = Robust.fit(np.array([0.1, 0.2], np.float32))
    assert transform.seen(np.array([0.1, np.nan, 0.7], np.float32))["range"] == [0.1, 0.7]
    for none in ([np.nan, np.nan], [], [1, np.inf]):
        assert "range" not in transform.seen(np.array(none, np.float32))


def test_of_very_many_values_the_first_are_listed():
    seen = fit_categories(strings([f"{i % 600:03}" for i in range(1200)])).seen(None)
    assert seen["values"] == [f"{i:03}" for i in range(500)] and seen["distinct"] == 600
