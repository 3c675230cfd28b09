"""Columns that give the label away, and rows that are in train and in another split."""

import numpy as np
import pytest

from tfapp.data.splits import leakage, repeated_rows
from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.source import Source
from tfapp.data.splits.string_column import StringColumn
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec

ROWS = 2000
RNG = np.random.default_rng(0)
CLASSES = (RNG.random(ROWS) < 0.03).astype(np.int32)  # 3% positive
THREE = RNG.integers(0, 3, ROWS).astype(np.int32)
PRICES = RNG.lognormal(3, 1, ROWS).astype(np.float32)
NOISE = RNG.normal(size=ROWS).astype(np.float32)


def words(numbers):
    values, codes = np.unique(numbers, return_inverse=True)
    return StringColumn(codes.astype(np.int32), np.array([f"w{v}" for v in values], object))


def source_of(columns, label, kind, **splits):
    features = tuple(
        FeatureSpec(n, "category" if isinstance(c, StringColumn) else "numeric", (), "float32")
        for n, c in columns.items()
    )
    spec = DataSpec("t", features, LabelSpec("y", kind, 3 if kind == "class" else 0))
    train = ArraySplit({**columns, "y": label})
    return Source(spec, {"train": train, **{n: train.subset(rows) for n, rows in splits.items()}})


LEAKS = {
    "a number above a limit": (CLASSES * 5 + RNG.random(ROWS), CLASSES, "class"),
    "a code": (CLASSES + 7.0, CLASSES, "class"),
    "missing where it is positive": (np.where(CLASSES, np.nan, NOISE), CLASSES, "class"),
    "words": (words(THREE * 10 + RNG.integers(0, 4, ROWS)), THREE, "class"),
    "three ranges": (THREE + RNG.random(ROWS) * 0.9, THREE, "class"),
    "one wrong": (np.r_[1 - CLASSES[:1], CLASSES[1:]] * 1.0, CLASSES, "class"),
    "another unit": (PRICES * 1.2 + 3, PRICES, "real"),
    "falling": (-np.log(PRICES), PRICES, "real"),
    "a group": (words(THREE), THREE * 1.5, "real"),
}
FAIR = {
    "noise": (NOISE, CLASSES, "class"),
    "good": (CLASSES + NOISE / 3, CLASSES, "class"),
    "rarely wrong, as is always 0": (np.zeros(ROWS), CLASSES, "class"),
    "different in each row": (words(np.arange(ROWS)), CLASSES, "class"),
    "two rows each": (words(np.arange(ROWS) // 2), THREE, "class"),
    "close": (PRICES * (1 + NOISE / 5), PRICES, "real"),
    "a group": (words(np.round(np.log(PRICES) * 3)), PRICES, "real"),
    "one price a row": (words(PRICES), PRICES, "real"),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_column_that_gives_the_label_away_is_found(case):
    column, label, kind = LEAKS[case]
    columns = {"leak": column, "noise": NOISE}
    assert list(leakage.find(source_of(columns, label, kind))) == ["leak"]


@pytest.mark.parametrize("case", FAIR)
def test_other_columns_are_not(case):
    column, label, kind = FAIR[case]
    assert leakage.find(source_of({"x": column}, label, kind)) == {}


def test_few_rows_show_nothing():
    column, label, kind = LEAKS["a code"]
    assert leakage.find(source_of({"x": column[:90]}, label[:90], kind)) == {}


def test_rows_that_train_has_are_counted_by_features_and_label():
    columns = {"x": NOISE.copy(), "town": words(THREE), "flag": CLASSES.astype(np.float32)}
    source = source_of(columns, THREE, "class", validation=np.arange(0, 50), test=np.arange(50))
    test = {name: column[:] for name, column in source.splits["test"].arrays().items()}
    test["x"] = np.r_[NOISE[:10] + 1, NOISE[10:50]]  # ten rows are new
    test["y"] = np.r_[THREE[:30], 2 - THREE[30:50] + (THREE[30:50] == 1)]  # twenty labels differ
    test["town"] = StringColumn(test["town"].codes[:], np.array(["w0", "w1", "w2"], object))
    splits = {**source.splits, "test": ArraySplit(test)}
    found = repeated_rows.count(Source(source.spec, splits))
    assert found == {"validation": (50, 50, 50), "test": (50, 40, 20)}


def test_rows_that_agree_in_some_columns_are_not_counted():
    columns = {"a": NOISE, "b": PRICES, "c": RNG.random(ROWS).astype(np.float32)}
    source = source_of(columns, THREE, "class", validation=np.arange(9), test=np.arange(9))
    test = dict(source.splits["test"].arrays())
    test["c"] = test["c"] + 1
    splits = {**source.splits, "test": ArraySplit(test)}
    assert repeated_rows.count(Source(source.spec, splits))["test"] == (9, 0, 0)
