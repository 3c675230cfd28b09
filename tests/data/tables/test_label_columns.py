"""Labels of several columns: quantities with names, or a 0 or 1 for each label."""

import logging

import numpy as np
import pytest

from tests.data.opening import open_all
from tfapp.errors import DataError, TfappError, UsageError

ROWS = 60
RANDOM = np.random.default_rng(0)
COLUMNS = {
    "x": RANDOM.normal(size=ROWS).round(3),
    "red": RANDOM.integers(0, 2, ROWS),
    "old": RANDOM.integers(0, 2, ROWS),
    "price": RANDOM.normal(size=ROWS).round(2) * 1000,
    "town": np.where(np.arange(ROWS) % 2, "Bern", "Zug"),
    "a,b": RANDOM.normal(size=ROWS).round(3),
}


@pytest.fixture
def table(tmp_path):
    """table(column=values): a CSV of `COLUMNS` with some of them replaced."""

    def write(**changes):
        columns = {**COLUMNS, **changes}
        lines = [",".join(f'"{name}"' for name in columns)]
        lines += [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
        return f"csv:{tmp_path}/t.csv"

    return write


def test_columns_of_0_and_1_are_labels(table, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(table(), label="red,old")
    label = source.spec.label
    assert (label.name, label.kind, label.class_names) == ("red,old", "multi_label", ("red", "old"))
    assert [f.name for f in source.spec.features] == ["x", "price", "town", "a,b"]
    total = sum(source.labels(name).sum(axis=0) for name in source.splits)
    assert total.tolist() == [COLUMNS["red"].sum(), COLUMNS["old"].sum()]
    assert "label red,old: nothing but 0 and 1 -> multi_label; --task=regression" in caplog.text


def test_truth_values_are_0_and_1(table):
    dataset = table(old=np.where(COLUMNS["old"] == 1, "true", "false"))
    assert open_all(dataset, label="red,old").spec.label.kind == "multi_label"


def test_other_numbers_are_quantities(table, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(table(), label="price, red")
    label = source.spec.label
    assert (label.kind, label.shape, label.value_names) == ("real", (2,), ("price", "red"))
    assert source.labels("train").dtype == np.float32
    assert "label price,red: numbers -> regression of 2 quantities" in caplog.text
    forced = open_all(table(), label="red,old", task="regression").spec.label
    assert (forced.kind, forced.value_names) == ("real", ("red", "old"))


def test_a_column_may_have_a_comma_in_its_name(table):
    label = open_all(table(), label="a,b").spec.label
    assert (label.name, label.shape) == ("a,b", ())


def test_missing_values_are_counted_for_each_column(table, caplog):
    price, red = COLUMNS["price"].astype(object), COLUMNS["red"].astype(object)
    price[[3, 8]] = ""
    red[[8]] = ""
    dataset = table(price=price, red=red)
    with pytest.raises(DataError, match=r"2 of 60 rows have no label \(missing: 'price' 2, 'red'"):
        open_all(dataset, label="price,red")
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(dataset, label="price,red", drop_missing_labels=True)
    assert sum(split.num_examples for split in source.splits.values()) == ROWS - 2
    assert "(missing: 'price' 2, 'red' 1) 'price,red', dropped: 2 of train" in caplog.text


@pytest.mark.parametrize(
    "label, task, message",
    [
        ("red,odl", "auto", "has no such column 'odl'; did you mean 'old'"),
        ("red,red", "auto", "--label=red,red: names 'red' twice"),
        ("red,town", "auto", "--label: several columns must hold numbers, but town of"),
        ("red,old", "classification", "--task=classification learns one column, not 2"),
        ("price,x", "quantile_regression", "--task=quantile_regression learns one column"),
        ("red,price", "multi_label", "label price of .* holds other numbers than 0 and 1"),
    ],
)
def test_contradictions_are_refused(table, label, task, message):
    with pytest.raises(TfappError, match=message):
        open_all(table(), label=label, task=task)


def test_features_cannot_be_labels_too(table):
    with pytest.raises(UsageError, match="--features=red: no such column to learn from"):
        open_all(table(), label="red,old", features=("red", "x"))


def test_what_is_neither_0_nor_1_beyond_train_is_a_bad_example(table, tmp_path):
    table()
    (tmp_path / "t.csv").rename(tmp_path / "train.csv")
    (tmp_path / "test.csv").write_text('x,red,old,price,town,"a,b"\n1,2,0,5,Zug,1\n')
    with pytest.raises(DataError, match="row 1: label 'red' is neither 0 nor 1"):
        open_all(f"csv:{tmp_path}", label="red,old")
