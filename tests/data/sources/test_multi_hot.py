"""Arrays of 0 and 1 as labels, from Python and from files."""

import numpy as np
import pandas as pd
import pytest

from tfapp import given
from tfapp.data import open_source
from tfapp.errors import DataError

X = np.random.default_rng(0).normal(size=(40, 3)).astype("f4")
Y = (X > [0, 0.5, -0.5]).astype("i4")
ONE_HOT = np.eye(3, dtype="i4")[np.arange(40) % 3]


def label_of(value, **changes):
    source = open_source(given.dataset(value), **changes)
    return source.spec.label, source.labels("train")


@pytest.mark.parametrize("dtype", ["i8", "u1", "?", "f4"])
def test_0_and_1_are_sets_of_labels(dtype):
    for value in ({"x": X, "y": Y.astype(dtype)}, (X, Y.astype(dtype))):
        label, values = label_of(value)
        assert (label.kind, label.class_names) == ("multi_label", ("0", "1", "2"))
        assert values.dtype == np.uint8
        assert np.array_equal(values, Y)


def test_columns_beside_a_table_keep_their_names():
    frame = pd.DataFrame({"a": X[:, 0], "town": ["Bern", "Zug"] * 20})
    label, values = label_of((frame, pd.DataFrame(Y, columns=["red", "old", "big"])))
    assert (label.name, label.kind) == ("red,old,big", "multi_label")
    assert label.class_names == ("red", "old", "big")
    assert np.array_equal(values, Y)
    label, values = label_of((frame, X[:, 1:]))
    assert (label.kind, label.value_names) == ("real", ("label_0", "label_1"))
    assert np.array_equal(values, X[:, 1:])


def test_lists_of_words_from_python():
    tags = [["a", "b"] if i % 3 else ["b"] for i in range(40)]
    for value in ({"x": X[:, 0], "tags": tags}, pd.DataFrame({"x": X[:, 0], "tags": tags})):
        label, values = label_of(value, label="tags")
        assert (label.kind, label.class_names) == ("multi_label", ("a", "b"))
        assert values.sum() == sum(map(len, tags))


def test_one_hot_rows_are_asked_about():
    with pytest.raises(DataError, match="a single 1 in each row; give the numbers of the classes"):
        label_of((X, ONE_HOT))
    assert label_of((X, ONE_HOT), task="multi_label")[0].kind == "multi_label"
    assert label_of((X, ONE_HOT), task="regression")[0].kind == "real"


@pytest.mark.parametrize(
    "y, message",
    [
        (Y * 2, "split train: label holds other values than 0 and 1"),
        (Y[:, 0], "needs a 0 or 1 for each of several labels"),
    ],
)
def test_other_arrays_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        label_of((X, y), task="multi_label")


def test_another_split_may_hold_nothing_else_either():
    with pytest.raises(DataError, match="split test: label holds other values than 0 and 1"):
        label_of({"train": (X, Y), "test": (X, Y + 1)})
