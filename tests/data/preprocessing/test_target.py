"""Which labels are learnt as logarithms, and that the choice is kept."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.data.opening import open_all
from tests.image_files import jpeg, picture
from tests.tf_examples import example
from tfapp.data import preprocessing
from tfapp.data.preprocessing import Preprocessing, fit, target
from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.string_column import StringColumn
from tfapp.errors import UsageError
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

RNG = np.random.default_rng(0)
PRICES = RNG.lognormal(10, 2, 2000)
HEAVY = {
    "prices": (PRICES, 0.0),
    "expenses": (np.where(RNG.random(2000) < 0.2, 0, RNG.lognormal(2, 2, 2000)), 1.0),
    "counts": (np.round(RNG.lognormal(1, 2, 2000)), 1.0),
}
OTHERS = {
    "normal": RNG.normal(100, 10, 2000),
    "moderately skewed": RNG.gamma(4, 1, 2000),
    "skewed, as counts of visits": np.round(RNG.lognormal(1, 0.8, 2000)),
    "some below 0": np.r_[PRICES, -1.0],
    "few": PRICES[:90],
    "rarely anything": np.where(RNG.random(2000) < 0.98, 0, PRICES),
    "few distinct": np.where(RNG.random(2000) < 0.99, 1.0, 5.0),
    "one outlier": np.r_[RNG.normal(50, 5, 2000), 1e6],
    "small numbers and zeros": np.where(RNG.random(2000) < 0.5, 0, PRICES / 1e7),
    "two columns": np.stack([PRICES, PRICES], 1),
    "constant": np.ones(500),
}


@pytest.mark.parametrize("case", HEAVY)
def test_labels_with_a_heavy_tail_are_learnt_as_logarithms(case):
    labels, shift = HEAVY[case]
    found, why = target.fit(labels.astype("f4"), "auto")
    logs = np.log(labels.astype("f4").astype("f8") + shift)
    assert found == pytest.approx((logs.mean(), logs.std(), shift, logs.max()), rel=1e-5)
    assert "skewness" in why
    plain = target.fit(labels.astype("f4"), "none")[0]
    assert plain[:2] == pytest.approx((labels.mean(), labels.std()), rel=1e-4)
    assert plain.shift is None


@pytest.mark.parametrize("case", OTHERS)
def test_others_are_learnt_as_they_are(case):
    assert target.fit(OTHERS[case].astype("f4"), "auto")[0].shift is None


def test_a_logarithm_can_be_asked_for():
    assert target.fit(OTHERS["moderately skewed"].astype("f4"), "log")[0].shift == 0
    for case in ("some below 0", "two columns"):
        with pytest.raises(ValueError, match=r"is -1 somewhere|several values"):
            target.fit(OTHERS[case].astype("f4"), "log")


def fitted(labels, **changes):
    spec = DataSpec("t", (FeatureSpec("x", "numeric", (), "float32"),), LabelSpec("price", "real"))
    split = ArraySplit({"x": np.zeros(len(labels), "f4"), "price": labels.astype("f4")})
    return fit(spec, split, **changes), spec


def test_the_choice_is_kept_and_its_refusal_names_the_flag():
    for transform in ("auto", "none"):
        found, spec = fitted(PRICES, target_transform=transform)
        again = Preprocessing.from_json(json.loads(json.dumps(found.to_json())))
        again.check(spec)
        assert again.target == found.target
        assert (found.target.shift is None) == (transform == "none")
    with pytest.raises(UsageError, match="--target_transform=log: price is -1 somewhere"):
        fitted(OTHERS["some below 0"], target_transform="log")


def test_what_the_features_predict_is_learnt_as_it_is():
    spread = RNG.normal(size=2000)
    columns = {
        "noise": spread.astype("f4"),
        "log": (np.log(PRICES) + spread * 0.2).astype("f4"),
        "square": np.sqrt(np.log(PRICES) - np.log(PRICES).min()).astype("f4"),
        "words": StringColumn(
            (np.log(PRICES) > 10).astype("i4"), np.array(["low", "high"], object)
        ),
    }
    kinds = {"noise": "numeric", "log": "numeric", "square": "numeric", "words": "category"}
    explained = {}
    for name, column in columns.items():
        spec = DataSpec("t", (FeatureSpec(name, kinds[name], (), ""),), LabelSpec("price", "real"))
        split = ArraySplit({name: column, "price": PRICES.astype("f4")})
        fitted = fit(spec, split, target_transform="auto")
        explained[name] = fitted.target.shift is None
        assert fit(spec, split, target_transform="log").target.shift == 0
    assert explained == {"noise": False, "log": True, "square": True, "words": True}


def test_old_runs_learn_what_they_began_with():
    for path in (ROOT / "tests" / "old_runs").glob("*/table-*/preprocessing.json"):
        found = Preprocessing.from_json(json.loads(path.read_text()))
        assert found.target is None or found.target.shift is None


def test_examples_in_files_are_looked_at_in_a_sample(tmp_path, monkeypatch):
    monkeypatch.setattr(preprocessing, "_SAMPLE", 16)
    labels = np.exp(6 * np.random.default_rng(0).normal(size=400)).tolist()
    with tf.io.TFRecordWriter(str(tmp_path / "t.tfrecord")) as writer:
        for i, label in enumerate(labels):
            writer.write(example(image=jpeg(picture(i % 7, 8, 8)), label=label))
    source = open_all(f"tfrecord:{tmp_path}/t.tfrecord")
    fitted = fit(source.spec, source.splits["train"], target_transform="auto")
    assert fitted.target.shift == 0
