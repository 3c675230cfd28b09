"""Tables from CSV, Parquet and JSON lines: kinds, labels, splits, and every fault with its row."""

import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.opening import open_all
from tfapp.errors import DataError, UsageError
from tfapp.spec import SAMPLE_WEIGHT

ROWS = 120
COLUMNS = {
    "size": [f"{i * 0.5}" if i % 10 else "" for i in range(ROWS)],
    "town": [("Bern", "Basel", "Zug")[i % 3] for i in range(ROWS)],
    "open": [("true", "false")[i % 2] for i in range(ROWS)],
    "since": [f"2024-0{1 + i % 9}-1{i % 10}" for i in range(ROWS)],
    "remark": [f'visit number {i} of the old town\nby the lake, "{i}"' for i in range(ROWS)],
    "key": [f"k{i:05}" for i in range(ROWS)],
    "nothing": [""] * ROWS,
    "kind": [("good", "bad")[i // 2 % 2] for i in range(ROWS)],
}
TYPED = {
    **COLUMNS,
    "size": [float(v) if v else None for v in COLUMNS["size"]],
    "open": [v == "true" for v in COLUMNS["open"]],
    "nothing": [None] * ROWS,
}


def csv_text(columns):
    def quote(value):
        return '"' + value.replace('"', '""') + '"' if set(value) & set('",\n') else value

    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(quote, row)) for row in rows)]) + "\n"


def write_csv(path):
    path.with_suffix(".csv").write_text(csv_text(COLUMNS))
    return f"csv:{path}.csv"


def write_parquet(path):
    pq.write_table(pa.table(TYPED), path.with_suffix(".parquet"))
    return f"parquet:{path}.parquet"


def write_jsonl(path):
    rows = [dict(zip(TYPED, row, strict=True)) for row in zip(*TYPED.values(), strict=True)]
    path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"jsonl:{path}.jsonl"


def open_(dataset, **changes):
    return open_all(dataset, **changes)


def save(path, text):
    path.write_text(text)
    return path


def whole(split):
    return {name: np.asarray(array) for name, array in split.arrays().items()}


@pytest.mark.parametrize("write", [write_csv, write_parquet, write_jsonl])
def test_kinds_are_inferred_and_logged(tmp_path, write, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_(write(tmp_path / "t"), label="kind")
    assert {f.name: (f.kind, f.dtype) for f in source.spec.features} == {
        "size": ("numeric", "float32"),
        "open": ("numeric", "float32"),
        "town": ("category", "string"),
        "since": ("date", "string"),
        "remark": ("text", "string"),
    }
    assert source.spec.label.class_names == ("bad", "good")
    assert "size numeric" in caplog.text
    assert "open boolean" in caplog.text
    assert "key ignored (120 distinct values in 120 rows" in caplog.text
    assert "nothing ignored (is empty)" in caplog.text


@pytest.mark.parametrize("write", [write_csv, write_parquet, write_jsonl])
def test_values_arrive_whole_and_missing_ones_as_nan(tmp_path, write):
    source = open_(write(tmp_path / "t"), label="kind", feature_kind=("key:category",))
    seen = 0
    for split in source.splits.values():
        arrays = whole(split)
        for i, key in enumerate(arrays["key"]):
            row = int(key[1:])
            assert arrays["remark"][i] == COLUMNS["remark"][row]
            assert arrays["town"][i] == COLUMNS["town"][row]
            size = COLUMNS["size"][row]
            assert np.isnan(arrays["size"][i]) if size == "" else arrays["size"][i] == float(size)
            assert arrays["open"][i] == (COLUMNS["open"][row] == "true")
            assert source.spec.label.class_names[arrays["kind"][i]] == COLUMNS["kind"][row]
            seen += 1
    assert seen == ROWS


def test_newlines_in_quotes_across_blocks(tmp_path):
    """More than the blocks in which the file is parsed, each row of three lines."""
    text = "".join(
        f'{i},"line one of {i}\n{"x" * 400}\n""end"" of {i}",{i % 2}\n' for i in range(30000)
    )
    save(tmp_path / "t.csv", "number,text,label\n" + text)
    source = open_(f"csv:{tmp_path}/t.csv", feature_kind=("number:numeric",))
    arrays = whole(source.splits["train"])
    for i in (0, 1, -1):
        number = int(arrays["number"][i])
        assert arrays["text"][i] == f'line one of {number}\n{"x" * 400}\n"end" of {number}'


def test_files_named_after_splits_are_these_splits(tmp_path):
    for name, rows in (("a_train-0", 40), ("a_train-1", 20), ("a_valid", 10), ("a_test", 5)):
        part = {name: values[:rows] for name, values in COLUMNS.items()}
        save(tmp_path / f"{name}.csv", csv_text(part))
    for where in (f"{tmp_path}", f"{tmp_path}/a_*.csv"):
        splits = open_(f"csv:{where}", label="kind").splits
        assert {name: split.num_examples for name, split in splits.items()} == {
            "train": 60, "validation": 10, "test": 5,
        }  # fmt: skip


def test_a_group_stays_in_one_split_and_weights_have_mean_one(tmp_path):
    columns = {**COLUMNS, "patient": [f"p{i % 17}" for i in range(ROWS)],
               "weight": [f"{1 + i % 3}" for i in range(ROWS)]}  # fmt: skip
    save(tmp_path / "t.csv", csv_text(columns))
    source = open_(
        f"csv:{tmp_path}/t.csv", label="kind", group_column="patient", weight_column="weight"
    )
    groups = [set(np.asarray(split.groups).tolist()) for split in source.splits.values()]
    assert all(groups)
    assert len(set.union(*groups)) == sum(map(len, groups)) == 17
    weights = np.concatenate([split.arrays()[SAMPLE_WEIGHT] for split in source.splits.values()])
    assert weights.mean() == pytest.approx(1, rel=1e-6)
    assert sorted(set(np.round(weights / weights.min(), 3).tolist())) == [1, 2, 3]
    names = [f.name for f in source.spec.features]
    assert "patient" not in names
    assert "weight" not in names


def test_a_column_without_a_name_is_no_weight_and_no_group(tmp_path):
    """pandas writes the row numbers so, unless it is asked not to."""
    rows = "".join(f"{i},{i / 2},{i % 2}\n" for i in range(60))
    save(tmp_path / "t.csv", ",x,y\n" + rows)
    train = open_(f"csv:{tmp_path}/t.csv", feature_kind=(":numeric",)).splits["train"]
    assert train.groups is None
    assert set(train.arrays()) == {"", "x", "y"}


@pytest.mark.parametrize(
    "values, task, kind, classes",
    [
        (["0", "1"], "auto", "class", ("0", "1")),
        (["10", "9"], "auto", "class", ("9", "10")),
        (["0.5", "1.5", "3"], "auto", "real", ()),
        (["0.5", "1.5"], "auto", "class", ("0.5", "1.5")),
        (["1", "2"], "regression", "real", ()),
        (["1.0", "2.5"], "classification", "class", ("1", "2.5")),
        ([str(i) for i in range(60)], "auto", "real", ()),
        (["no", "yes"], "auto", "class", ("no", "yes")),
        (["false", "true"], "auto", "class", ("false", "true")),
    ],
)
def test_the_labels_kind_is_inferred_or_forced(tmp_path, values, task, kind, classes):
    columns = {"x": COLUMNS["size"], "y": [values[i % len(values)] for i in range(ROWS)]}
    save(tmp_path / "t.csv", csv_text(columns))
    label = open_(f"csv:{tmp_path}/t.csv", task=task).spec.label
    assert (label.kind, label.class_names) == (kind, classes)


def test_only_the_features_asked_for(tmp_path):
    write_csv(tmp_path / "t")
    source = open_(f"csv:{tmp_path}/t.csv", label="kind", features=("town", "size"))
    assert [f.name for f in source.spec.features] == ["town", "size"]


# x has one word among 100 numbers, row 57; row 3 has a field too many; row 5 no label.
FAULTS = {
    "word": ("x,y\n" + "".join(f"{i if i != 57 else 'abc'},{i % 2}\n" for i in range(1, 101)),
             "t.csv, row 57: 'x' is 'abc', not a number"),
    "fields": ("x,y\n" + "".join(f"{i},{i % 2}{',9' * (i == 3)}\n" for i in range(1, 101)),
               "t.csv, row 3: has 3 fields, not 2"),
    "label": ("x,y\n" + "".join(f"{i},{i % 2 if i != 5 else ''}\n" for i in range(1, 101)),
              "t.csv, row 5: label 'y' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_row_that_cannot_be_used_is_named(tmp_path, fault):
    text, message = FAULTS[fault]
    save(tmp_path / "t.csv", text)
    with pytest.raises(DataError) as caught:
        open_(f"csv:{tmp_path}/t.csv", feature_kind=("x:numeric",))
    assert message in str(caught.value)
    assert "--max_bad_examples" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("budget", ["1", "1%"])
def test_a_budget_leaves_it_out(tmp_path, fault, budget):
    text, message = FAULTS[fault]
    save(tmp_path / "t.csv", text)
    source = open_(f"csv:{tmp_path}/t.csv", feature_kind=("x:numeric",), max_bad_examples=budget)
    assert sum(split.num_examples for split in source.splits.values()) == 99
    source.bad_examples.keep_in(tmp_path)
    (line,) = (tmp_path / "bad_examples.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert message.endswith(entry["reason"])
    values = np.concatenate([whole(s)["x"] for s in source.splits.values()])
    assert len(set(values.tolist())) == 99


def test_rows_after_a_malformed_one_keep_their_numbers(tmp_path):
    rows = [f"{i},{i % 2}" for i in range(1, 101)]
    rows[2] += ",9"
    rows[10] = "11,"
    save(tmp_path / "t.csv", "\n".join(["x,y", *rows]))
    with pytest.raises(DataError, match="row 11: label 'y' is missing; it is bad example 2, and"):
        open_(f"csv:{tmp_path}/t.csv", feature_kind=("x:numeric",), max_bad_examples="1")


def test_an_unknown_class_in_the_test_file(tmp_path):
    save(tmp_path / "train.csv", "x,y\n" + "1,a\n2,b\n" * 30)
    save(tmp_path / "test.csv", "x,y\n1,a\n2,c\n")
    with pytest.raises(DataError, match=r"test.csv, row 2: label 'y' is 'c', which is no class"):
        open_(f"csv:{tmp_path}")
    splits = open_(f"csv:{tmp_path}", max_bad_examples="1").splits
    assert splits["test"].num_examples == 1


def test_a_class_of_one_example_stays_in_train(tmp_path):
    save(tmp_path / "t.csv", "x,y\n" + "1,a\n2,b\n" * 30 + "3,c\n")
    for seed in range(20):
        train = open_(f"csv:{tmp_path}/t.csv", seed=seed, validation_split=0.4).splits["train"]
        assert set(train.labels("y").tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    "files, flags, error, message",
    [
        ({}, {}, DataError, "does not exist"),
        ({"t.csv": ""}, {}, DataError, "t.csv: cannot be read as CSV (Empty CSV file"),
        ({"t.csv": "x,y\n"}, {}, DataError, "t.csv: holds no rows"),
        ({"t.csv": "x,x,y\n1,2,3\n"}, {}, DataError, "t.csv: has two columns called 'x'"),
        ({"t.csv": "a,b\n1,2\n"}, {}, UsageError, "--label: say which column of csv:"),
        ({"t.csv": "a,b\n1,2\n"}, {"label": "c"}, UsageError, "--label=c: csv:"),
        ({"t.csv": "a,y\n1,2\n3,2\n"}, {}, DataError, "label y has one class only, '2'"),
        ({"t.csv": "a,y\n1,\n3,\n"}, {}, DataError, "label y has no values"),
        ({"t.csv": "y\n1\n2\n"}, {}, DataError, "no column to learn from except 'y'"),
        ({"t.csv": "a,y\n1,2\n"}, {"features": ("b",)}, UsageError, "--features=b: no such column"),
        ({"t.csv": "a,y\n1,2\n"}, {"feature_kind": ("b:text",)}, UsageError, "no column 'b'"),
        ({"t.csv": "a,y\n1,2\n"}, {"feature_kind": ("a:txet",)}, UsageError, "did you mean 'text'"),
        ({"t.csv": "a,y\n1,2\n"}, {"group_column": "g"}, UsageError, "--group_column=g: no such"),
        ({"train.csv": "a,y\n1,2\n", "b.csv": "a,y\n1,2\n"}, {}, DataError, "not say its split"),
        ({"train.csv": "a,y\n1,2\n3,4\n", "test.csv": "b,y\n1,2\n"}, {}, DataError,
         "test.csv: has no column 'a', whereas train has"),
        ({"train-0.csv": "a,y\n1,2\n3,4\n", "train-1.csv": "b,y\n1,2\n"}, {}, DataError,
         "train-1.csv: has no column 'a', whereas"),
        ({"test.csv": "a,y\n1,2\n", "dev.csv": "a,y\n1,2\n"}, {}, DataError, "no file of the sp"),
        ({"train.csv": "a,g,y\n1,p,2\n3,p,4\n", "test.csv": "a,g,y\n1,p,2\n"},
         {"group_column": "g", "feature_kind": ("a:numeric",)}, DataError,
         "group 'p' is in train and in test"),
    ],
)  # fmt: skip
def test_tables_that_do_not_work(tmp_path, files, flags, error, message):
    for name, text in files.items():
        save(tmp_path / name, text)
    where = tmp_path / "t.csv" if len(files) < 2 else tmp_path
    with pytest.raises(error) as caught:
        open_(f"csv:{where}", **flags)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line, message",
    [
        ('{"x": 1, "y": ', "t.jsonl, row 2: is not JSON"),
        ("[1]", "t.jsonl, row 2: is not a JSON object"),
        ('{"x": "a", "y": 1}', "t.jsonl, row 2: field 'x' is a str, in rows before it a number"),
    ],
)
def test_a_line_that_is_not_like_the_others(tmp_path, line, message):
    rows = [json.dumps({"x": i, "y": i % 2}) for i in range(50)]
    save(tmp_path / "t.jsonl", "\n".join([rows[0], line, *rows[1:]]))
    with pytest.raises(DataError) as caught:
        open_(f"jsonl:{tmp_path}/t.jsonl", feature_kind=("x:numeric",))
    assert message in str(caught.value)
    source = open_(f"jsonl:{tmp_path}/t.jsonl", feature_kind=("x:numeric",), max_bad_examples="2%")
    assert sum(split.num_examples for split in source.splits.values()) == 50


def test_a_damaged_parquet_file(tmp_path):
    write_parquet(tmp_path / "t")
    path = tmp_path / "t.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"t\.parquet: cannot be read as Parquet"):
        open_(f"parquet:{path}", label="kind")
