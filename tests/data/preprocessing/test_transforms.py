"""Every kind of transform honours the contract of `Transform`, also those that old runs kept."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfapp.data.preprocessing import TRANSFORMS, Preprocessing
from tfapp.data.preprocessing.fitting import fit_transform
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
        assert transform.unknown(strings(["b", "new", ""])).tolist() == [False, True, False]


def test_old_runs_are_there():
    assert len(KEPT) >= 3


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.parent.name)
def test_what_an_old_run_kept_can_be_read(path):
    kept = json.loads(path.read_text())
    assert Preprocessing.from_json(kept).to_json() == kept
