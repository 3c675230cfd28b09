"""From arrays to a source: what is inferred, and what is rejected with which message."""

import numpy as np
import pytest

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.errors import DataError

X, Y = np.ones((6, 2), np.float32), np.array([0, 1, 2, 0, 1, 2])


def build(train=None, label="y", class_names=(), task="auto", **splits):
    train = {"x": X, "y": Y} if train is None else train
    return source_from_arrays(
        "random", {"train": train, **splits}, label=label, class_names=class_names, task=task
    )


@pytest.mark.parametrize(
    "array, kind, shape, dtype",
    [
        (np.zeros((6, 5, 4, 3), np.uint8), "image", (5, 4, 3), "uint8"),
        (np.zeros((6, 5, 4), np.uint8), "image", (5, 4, 1), "uint8"),
        (np.zeros((6, 5, 4, 3), np.float64), "image", (5, 4, 3), "float32"),
        (np.zeros((6, 5, 4, 7), np.uint16), "numeric", (5, 4, 7), "uint16"),
        (np.zeros((6, 9), np.int64), "numeric", (9,), "float32"),
        (np.zeros(6, bool), "numeric", (), "float32"),
    ],
)
def test_kind_shape_and_dtype_of_a_feature(array, kind, shape, dtype):
    feature = build({"x": array, "y": Y}).spec.features[0]
    assert (feature.kind, feature.shape, feature.dtype) == (kind, shape, dtype)


@pytest.mark.parametrize(
    "labels, task, kind, classes, names",
    [
        (Y, "auto", "class", 3, ("0", "1", "2")),
        (Y[:, None], "auto", "class", 3, ("0", "1", "2")),
        (Y.astype(np.float64), "classification", "class", 3, ("0", "1", "2")),
        (Y.astype(np.float64), "auto", "real", 0, ()),
        (Y, "regression", "real", 0, ()),
        (Y > 0, "auto", "class", 2, ("0", "1")),
        (np.array(list("acbabc")), "auto", "class", 3, ("a", "b", "c")),
        (np.array(list("acbabc"), "S"), "auto", "class", 3, ("a", "b", "c")),
        (np.array(list("acbabc"), object), "auto", "class", 3, ("a", "b", "c")),
        (Y * 10_000 + 3, "auto", "class", 3, ("3", "10003", "20003")),
    ],
)
def test_kind_and_classes_of_a_label(labels, task, kind, classes, names):
    built = build({"x": X, "y": labels}, task=task)
    label = built.spec.label
    assert (label.kind, label.num_classes, label.class_names) == (kind, classes, names)
    if kind == "class":
        assert built.splits["train"].arrays()["y"].dtype == np.int32
        assert built.splits["train"].arrays()["y"].max() == classes - 1


def test_labels_of_all_splits_mean_the_same():
    test = {"x": X[:2], "y": np.array(["c", "a"])}
    built = build({"x": X, "y": np.array(list("acbabc"))}, test=test)
    assert built.splits["test"].arrays()["y"].tolist() == [2, 0]


def test_several_values_an_example_are_a_real_label():
    label = build({"x": X, "y": np.zeros((6, 4))}).spec.label
    assert (label.kind, label.shape, label.num_outputs) == ("real", (4,), 4)


def with_value(value, row=4):
    x = X.copy()
    x[row, 1] = value
    return x


@pytest.mark.parametrize(
    "splits, message",
    [
        ({"train": {"x": X}}, "split train: no array called 'y' to learn (found: x)"),
        ({"train": {"y": Y}}, "nothing to learn from except the label 'y'"),
        ({"train": {"x": X[:5], "y": Y}}, "differ in their number of examples: {'x': 5, 'y': 6}"),
        ({"train": {"x": X[:0], "y": Y[:0]}}, "split train: is empty"),
        ({"test": {"x": X[:0], "y": Y[:0]}}, "split test: is empty"),
        ({"test": {"z": X, "y": Y}}, "split test: arrays ['y', 'z'] differ from those of train"),
        ({"test": {"x": X[:, :1], "y": Y}}, "split test: x has shape (1,) an example, train (2,)"),
        ({"train": {"x": np.array(list("abcdef")), "y": Y}}, "x has dtype <U1; numbers are needed"),
        ({"train": {"x": X + 1j, "y": Y}}, "x has dtype complex64; numbers are needed"),
        ({"train": {"x": with_value(np.nan), "y": Y}}, "x is NaN or infinite in example 4"),
        ({"test": {"x": with_value(-np.inf), "y": Y}}, "split test: x is NaN or infinite in"),
        ({"train": {"x": X, "y": Y * np.nan}}, "y is NaN or infinite in example 0"),
        ({"train": {"x": X, "y": Y - 1}}, "label -1 in example 0; classes start at 0"),
        ({"test": {"x": X, "y": Y + 1}}, "split test: y 3 in example 2 is not among the 3 classes"),
        ({"test": {"x": X, "y": Y - 1}}, "split test: y -1 in example 0 is not among"),
        ({"train": {"x": X, "y": np.stack([Y, Y], 1)}}, "label y has shape (2,) an example"),
        ({"train": {"x": X, "y": Y + 1j}}, "label y has dtype complex128"),
        ({"train": {"x": X, "y": Y.astype("M8[s]")}}, "label y has dtype datetime64[s]"),
        (
            {"train": {"x": X, "y": np.array(list("abcabc"))}, "test": {"x": X, "y": Y}},
            "split test: y has dtype int64, in train <U1",
        ),
        ({"test": {"x": X, "y": np.array(list("abcabc"))}}, "y has dtype <U1, in train they"),
        ({"train": {"x": X, "y": Y * 0}}, "label y has one class only"),
        ({"train": {"x": np.zeros((6, 0)), "y": Y}}, "holds no values"),
        ({"holdout": {"x": X, "y": Y}}, "unknown split 'holdout'"),
        ({"validatoin": {"x": X, "y": Y}}, "did you mean 'validation'?"),
        ({"train": {"x": X, "y": np.array([[], 1, "a", 2, 3, 4], object)}}, "label y"),
    ],
)
def test_what_cannot_be_learnt_from_is_rejected(splits, message):
    with pytest.raises(DataError) as caught:
        build(splits.pop("train", None), **splits)
    assert message in str(caught.value)
    assert "random" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_words_cannot_be_regressed_on():
    with pytest.raises(DataError, match="--task=regression"):
        build({"x": X, "y": np.array(list("acbabc"))}, task="regression")


def test_train_is_required():
    with pytest.raises(DataError, match=r"no split called train \(found: test\)"):
        source_from_arrays("random", {"test": {"x": X, "y": Y}}, label="y")
