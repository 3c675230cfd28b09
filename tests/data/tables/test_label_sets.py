"""Columns of lists and of words with | between them: when they are sets, and which labels."""

import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.opening import open_all
from tfapp.errors import DataError, TfappError

SETS = [("a", "b"), ("a",), ("b", "c"), ("a", "b", "c"), ("c",)]
ROWS = 60


def rows(sets=SETS):
    return [list(sets[i % len(sets)]) for i in range(ROWS)]


def write_jsonl(folder, labels):
    lines = [json.dumps({"x": i % 7, "tags": v}) for i, v in enumerate(labels)]
    (folder / "t.jsonl").write_text("\n".join(lines))
    return f"jsonl:{folder}/t.jsonl"


def write_parquet(folder, labels):
    table = pa.table({"x": [i % 7 for i in range(len(labels))], "tags": labels})
    pq.write_table(table, folder / "t.parquet", row_group_size=17)
    return f"parquet:{folder}/t.parquet"


def write_csv(folder, labels):
    lines = [f"{i % 7},{'' if v is None else v}" for i, v in enumerate(labels)]
    (folder / "t.csv").write_text("\n".join(["x,tags", *lines, ""]))
    return f"csv:{folder}/t.csv"


def expected(labels, names):
    return np.array([[name in row for name in names] for row in labels], "u1")


def check(source, labels, names):
    assert (source.spec.label.kind, source.spec.label.class_names) == ("multi_label", names)
    assert [f.name for f in source.spec.features] == ["x"]
    order = np.array(
        [int(split.name_of(i).rsplit(" ", 1)[1]) - 1
         for split in source.splits.values() for i in range(split.num_examples)]
    )  # fmt: skip
    found = np.concatenate([source.labels(name) for name in source.splits])
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected(labels, names)[order])


@pytest.mark.parametrize("write", [write_jsonl, write_parquet])
def test_lists_are_sets_of_labels(tmp_path, write, caplog):
    labels = rows([*SETS, ()])
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(write(tmp_path, labels), label="tags")
    check(source, labels, ("a", "b", "c"))
    assert "label tags: lists, 1.5 of 3 labels a row -> multi_label: a, b, c" in caplog.text


def test_lists_of_numbers_name_labels_by_size(tmp_path):
    labels = rows([(10, 9), (2,), (9, 2), (10,)])
    check(
        open_all(write_jsonl(tmp_path, labels), label="tags"),
        [[str(v) for v in row] for row in labels],
        ("2", "9", "10"),
    )


def test_words_with_bars_are_sets_where_parts_recur(tmp_path, caplog):
    labels = rows([*SETS, ()])
    text = [" | ".join(row) or "|" for row in labels]
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(write_csv(tmp_path, text), label="tags")
    check(source, labels, ("a", "b", "c"))
    assert "words with '|' between them" in caplog.text
    assert "--task=classification takes each value for one class" in caplog.text


@pytest.mark.parametrize(
    "values", [("x|y", "z"), ("a|x", "a|y", "b|x", "b|y"), ("a", "b"), ("a;b", "a", "b")]
)
def test_other_words_are_classes(tmp_path, values):
    text = [values[i % len(values)] for i in range(ROWS)]
    label = open_all(write_csv(tmp_path, text), label="tags").spec.label
    assert (label.kind, label.num_classes) == ("class", len(values))


def test_the_task_decides_otherwise(tmp_path):
    text = ["|".join(row) for row in rows()]
    label = open_all(write_csv(tmp_path, text), label="tags", task="classification").spec.label
    assert (label.kind, label.num_classes) == ("class", 5)
    for separator in (";", ","):
        text = [f'"{separator.join(row)}"' for row in rows()]
        source = open_all(write_csv(tmp_path, text), label="tags", task="multi_label")
        check(source, rows(), ("a", "b", "c"))


def test_a_missing_set_is_no_empty_set(tmp_path):
    labels = rows()
    labels[3] = None
    for dataset in (
        write_jsonl(tmp_path, labels),
        write_csv(tmp_path, [v and "|".join(v) for v in labels]),
    ):
        with pytest.raises(DataError, match=r"row 4: label 'tags' is missing.*1 of 60 rows have"):
            open_all(dataset, label="tags")
        source = open_all(dataset, label="tags", drop_missing_labels=True)
        assert sum(split.num_examples for split in source.splits.values()) == ROWS - 1


def test_a_label_that_train_lacks_is_named(tmp_path):
    write_jsonl(tmp_path, rows()).partition(":")
    (tmp_path / "t.jsonl").rename(tmp_path / "train.jsonl")
    (tmp_path / "test.jsonl").write_text(json.dumps({"x": 1, "tags": ["a", "new"]}) + "\n")
    with pytest.raises(DataError, match="row 1: label 'tags' holds 'new', which no row of train"):
        open_all(f"jsonl:{tmp_path}", label="tags")


@pytest.mark.parametrize(
    "labels, task, message",
    [
        (rows(), "regression", "--task=regression: label tags of .* holds lists"),
        (rows(), "quantile_regression", "--task=quantile_regression: .* holds lists"),
        ([["a"]] * ROWS, "auto", "holds one label only, 'a'"),
        ([1, 2, 3] * 20, "multi_label", "--task=multi_label: label tags of .* holds numbers"),
        (["a", "b"] * 30, "quantile_regression", "--task=quantile_regression: .* holds words"),
    ],
)
def test_what_cannot_be_learnt_is_refused(tmp_path, labels, task, message):
    with pytest.raises(TfappError, match=message):
        open_all(write_jsonl(tmp_path, labels), label="tags", task=task)
