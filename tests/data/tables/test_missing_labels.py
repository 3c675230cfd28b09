"""Rows without a label: named and counted, or dropped from every split by a flag."""

import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.opening import open_all
from tfapp.errors import DataError

ROWS = 100
EMPTY = 12, 40, 41


def rows(absent, words=False):
    labels = [("no", "yes")[i % 2] if words else i % 2 for i in range(ROWS)]
    return [absent if i in EMPTY else label for i, label in enumerate(labels)]


def write_csv(folder, labels):
    lines = [f"{i % 7},{'' if v is None else v}" for i, v in enumerate(labels)]
    (folder / "t.csv").write_text("\n".join(["x,y", *lines, ""]))
    return f"csv:{folder}/t.csv"


def write_jsonl(folder, labels):
    lines = [json.dumps({"x": i % 7, "y": v}) for i, v in enumerate(labels)]
    (folder / "t.jsonl").write_text("\n".join(lines))
    return f"jsonl:{folder}/t.jsonl"


def write_parquet(folder, labels):
    table = pa.table({"x": [i % 7 for i in range(len(labels))], "y": labels})
    pq.write_table(table, folder / "t.parquet")
    return f"parquet:{folder}/t.parquet"


WRITERS = (write_csv, write_jsonl, write_parquet)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("words", [False, True])
def test_they_are_dropped_before_anything_is_held_out(tmp_path, write, words, caplog):
    dataset = write(tmp_path, rows(None, words))
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_all(dataset, drop_missing_labels=True)
    assert sum(split.num_examples for split in source.splits.values()) == ROWS - len(EMPTY)
    assert source.spec.label.num_classes == 2
    assert "3 of 100 rows have no label 'y', dropped: 3 of train" in caplog.text
    assert source.bad_examples.count == 0


@pytest.mark.parametrize("write", WRITERS)
def test_without_the_flag_the_message_counts_them(tmp_path, write):
    with pytest.raises(DataError) as caught:
        open_all(write(tmp_path, rows(None)))
    message = str(caught.value)
    assert "row 13: label 'y' is missing" in message
    assert "3 of 100 rows have no label" in message
    assert "--drop_missing_labels" in message
    assert "\n" not in message


@pytest.mark.parametrize("absent", ["", "NA", "NaN", "nan", "N/A", "null", "NULL", "?", " "])
@pytest.mark.parametrize("words", [False, True])
def test_spellings_of_a_missing_label(tmp_path, absent, words):
    source = open_all(write_csv(tmp_path, rows(absent, words)), drop_missing_labels=True)
    assert source.spec.label.class_names == (("no", "yes") if words else ("0", "1"))


@pytest.mark.parametrize("absent", ["n.a.", "nil", "-", "...", "#NULL!", "Missing"])
def test_a_label_of_numbers_is_missing_where_a_feature_would_be(tmp_path, absent):
    numbers = [absent if i in EMPTY else f"{i / 8}" for i in range(ROWS)]
    source = open_all(write_jsonl(tmp_path, numbers), drop_missing_labels=True)
    assert source.spec.label.kind == "real"
    assert sum(split.num_examples for split in source.splits.values()) == ROWS - len(EMPTY)


def test_none_is_a_class_among_words_and_missing_among_numbers(tmp_path):
    words = open_all(write_jsonl(tmp_path, rows("None", words=True)), drop_missing_labels=True)
    assert words.spec.label.class_names == ("None", "no", "yes")
    numbers = ["None" if i in EMPTY else str(i % 2) for i in range(ROWS)]
    source = open_all(write_jsonl(tmp_path, numbers), drop_missing_labels=True)
    assert source.spec.label.class_names == ("0", "1")


def test_real_labels_too(tmp_path):
    labels = [None if i in EMPTY else i * 0.37 for i in range(ROWS)]
    source = open_all(write_parquet(tmp_path, labels), drop_missing_labels=True)
    kept = np.concatenate([split.labels("y") for split in source.splits.values()])
    assert len(kept) == ROWS - len(EMPTY)
    assert np.isfinite(kept).all()


def test_infinity_is_wrong_rather_than_missing(tmp_path):
    labels = [np.inf if i in EMPTY else i * 0.37 for i in range(ROWS)]
    with pytest.raises(DataError, match="row 13: label 'y' is no finite number"):
        open_all(write_parquet(tmp_path, labels), drop_missing_labels=True)


def test_each_file_of_a_split_is_counted(tmp_path, caplog):
    for name, count in (("train", 60), ("test", 20)):
        lines = [f"{i % 7},{'' if i == 3 else i % 2}" for i in range(count)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["x,y", *lines]))
    with caplog.at_level(logging.INFO, "tfapp"):
        splits = open_all(f"csv:{tmp_path}", drop_missing_labels=True).splits
    assert "2 of 80 rows have no label 'y', dropped: 1 of train, 1 of test" in caplog.text
    assert splits["test"].num_examples == 19


def test_what_else_is_wrong_with_a_dropped_row_does_not_count(tmp_path):
    lines = ["abc," if i == 3 else f"{i % 7},{i % 2}" for i in range(ROWS)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *lines]))
    source = open_all(
        f"csv:{tmp_path}/t.csv", drop_missing_labels=True, feature_kind=("x:numeric",)
    )
    assert sum(split.num_examples for split in source.splits.values()) == ROWS - 1
