"""Objects as data sets: read by the rules of files, whatever library they are of."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.data.opening import open_all
from tfapp import given
from tfapp.data import open_source, snapshot
from tfapp.data.splits.holdout import with_all_splits
from tfapp.errors import DataError, TfappError, UsageError

ROWS = 120
RANDOM = np.random.default_rng(0)
COLUMNS = {
    "age": RANDOM.normal(size=ROWS).round(3),
    "town": RANDOM.choice(["Bern", "Zug", "Genf"], ROWS),
    "rooms": RANDOM.integers(1, 90, ROWS),
    "since": np.datetime64("2020-01-01") + RANDOM.integers(0, 900, ROWS).astype("timedelta64[D]"),
    "lift": RANDOM.random(ROWS) > 0.5,
}
COLUMNS["label"] = np.where(COLUMNS["age"] > 0, "yes", "no")


def frame():
    """A DataFrame of `COLUMNS` with missing values and an index that is no column."""
    table = pd.DataFrame(COLUMNS, index=np.arange(ROWS) + 7)
    table["since"] = table["since"].dt.strftime("%Y-%m-%d")  # as a CSV has them
    table.loc[10, "age"] = np.nan
    table.loc[11, "town"] = None
    return table


def lists(table):
    """A dict of lists with None where a value is missing."""
    return {n: [None if pd.isna(v) else v for v in table[n].tolist()] for n in table}


def xy(table):
    """(x, y) of DataFrame and Series."""
    return table.drop(columns="label"), table["label"]


def of_dataset(value, **changes):
    """A `Source` with all splits, of an object."""
    return with_all_splits(open_source(given.dataset(value), **changes), fraction=0.1, seed=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t,
        pl.from_pandas,
        lambda t: pa.Table.from_pandas(t, preserve_index=False),
        lists,
        lambda t: {name: t[name] for name in t},
        lambda t: {name: t[name].to_numpy() for name in t},
        xy,
        lambda t: (lists(t.drop(columns="label")), t["label"].tolist()),
        lambda t: {"train": t},
        lambda t: t.astype({"town": "category", "label": "category"}),
        lambda t: pl.from_pandas(t).with_columns(pl.col("town").cast(pl.Categorical)),
        lambda t: t.astype({"town": object, "label": object}),
    ],
    ids=range(12),
)
def test_columns_are_those_of_a_csv(tmp_path, make):
    frame().to_csv(tmp_path / "people.csv", index=False)
    expected = open_all(f"csv:{tmp_path}/people.csv")
    found = of_dataset(make(frame()))
    assert found.spec.features == expected.spec.features
    assert found.spec.label == expected.spec.label
    assert found.held_out == expected.held_out
    assert found.files == ()
    for name, split in expected.splits.items():
        arrays = found.splits[name].arrays()
        for column, values in split.arrays().items():
            assert np.asarray(arrays[column]).tolist() == pytest.approx(
                np.asarray(values).tolist(), nan_ok=True
            )


def test_flags_about_columns_are_followed():
    table = frame().assign(weight=1.0, person=np.arange(ROWS) // 4)
    source = of_dataset(
        table, features=("rooms",), feature_kind=("rooms:category",), weight_column="weight",
        group_column="person", label="lift",
    )  # fmt: skip
    assert [(f.name, f.kind) for f in source.spec.features] == [("rooms", "category")]
    assert source.spec.label.name == "lift"
    assert source.splits["train"].groups is not None


def test_arrays_of_more_dimensions_are_images_and_vectors():
    images = RANDOM.integers(0, 255, (ROWS, 8, 8), dtype=np.uint8)
    source = open_source(given.dataset({"photo": images, "class": COLUMNS["rooms"] % 3}))
    (feature,) = source.spec.features
    assert (feature.name, feature.kind, feature.shape) == ("photo", "image", (8, 8, 1))
    assert source.spec.label.name == "class"
    source = open_source(given.dataset((RANDOM.normal(size=(ROWS, 5)), COLUMNS["rooms"] % 3)))
    assert source.spec.features[0].shape == (5,)
    assert np.array_equal(source.labels("train"), COLUMNS["rooms"] % 3)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)])
def test_what_load_data_of_keras_returns(shape):
    images = RANDOM.integers(0, 255, (ROWS, 8, 8, 3), dtype=np.uint8)
    labels = (np.arange(ROWS) % 3).reshape(shape).astype(np.uint8)  # CIFAR-10 has (n, 1)

    def load_data():
        return (images, labels), (images[:30], labels[:30])

    for value in (load_data(), load_data):
        source = open_source(given.dataset(value))
        sizes = {name: split.num_examples for name, split in source.splits.items()}
        assert sizes == {"train": ROWS, "test": 30}
        assert source.spec.features[0].shape == (8, 8, 3)
        assert source.spec.label.num_classes == 3
        assert np.array_equal(source.labels("test"), np.arange(30) % 3)


def test_texts_and_their_labels():
    texts = [f"a text of several words, number {i}" for i in range(ROWS)]
    source = open_source(given.dataset((texts, COLUMNS["label"])))
    assert [(f.name, f.kind) for f in source.spec.features] == [("x", "text")]


def test_splits_have_all_their_names():
    table = frame()
    source = open_source(given.dataset({"training": table, "val": table[:30], "test": table[:20]}))
    assert {n: s.num_examples for n, s in source.splits.items()} == {
        "train": ROWS, "validation": 30, "test": 20,
    }  # fmt: skip
    assert source.splits["test"].name_of(0).endswith(", split test, row 1")


def test_numbers_and_words_in_one_column_are_words():
    mixed = pd.DataFrame({"code": [1, "x", None] * 40, "label": [0, 1, 0] * 40})
    source = open_source(given.dataset(mixed))
    assert source.spec.features[0].kind == "category"
    assert np.asarray(source.splits["train"].arrays()["code"])[:3].tolist() == ["1", "x", ""]


X = np.zeros((ROWS, 4))


@pytest.mark.parametrize(
    "value, message",
    [
        (frame()[:0], "holds no rows"),
        (pd.concat([frame(), frame()], axis=1), "has two columns called 'age'"),
        (frame()[["age", "town"]], "--label: say which column of <DataFrame 120 x 2"),
        (pd.DataFrame({"a": [{}] * 9, "label": range(9)}), "no column to learn from"),
        (pd.DataFrame({"a": [object()] * 9, "label": range(9)}), "'a': cannot be read as a column"),
        ({"a": [1, 2], "label": [1]}, "columns differ in their number of rows: {'a': 2, 'label'"),
        ({"a": [[1, 2], [1]], "label": [0, 1]}, "'a': is ragged"),
        ({"train": frame(), "tset": frame()}, "unknown split 'tset'; did you mean 'test'?"),
        ({"train": frame(), "training": frame()}, "'training' is the second split called train"),
        ({"test": frame()}, "no split called train (found: test)"),
        ({"train": X}, "is a ndarray; a DataFrame, a dict of arrays or (x, y) is needed"),
        ({"train": frame(), "test": (X, X[:, 0])}, "one split holds columns, another arrays"),
        ((frame(), frame()["label"]), "both y and a column of x are called 'label'"),
        ((X, frame()[["age", "town"]]), "label label has shape (2,) an example; one class number"),
        ((X, np.zeros(3)), "arrays differ in their number of examples"),
        ({1: X[:, 0], "1": X[:, 0]}, "two of its names are equal as text, '1'"),
        (lambda: 1 / 0, "--dataset=<lambda>: ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_used_is_one_line(value, message):
    with pytest.raises(TfappError) as caught:
        open_source(given.dataset(value))
    assert isinstance(caught.value, (DataError, UsageError))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_arrays_have_no_columns_to_choose():
    with pytest.raises(UsageError, match=r"--features: --dataset=<arrays 120 x 4, .* is no table"):
        open_source(given.dataset((X, COLUMNS["rooms"])), features=("x",))


def test_a_snapshot_is_named_by_what_it_holds():
    table = frame()
    taken = snapshot(given.dataset(table), "")
    assert taken == snapshot(given.dataset(table.copy()), "")
    assert taken == snapshot(taken, "")
    assert taken.kind == "<DataFrame>"
    table.loc[9, "age"] = 99.0
    assert snapshot(given.dataset(table), "") != taken
    assert snapshot("digits", "") == "digits"
