"""JSON lines and Parquet that no table should hold; compressed files that unpack without end."""

import gzip
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.data.opening import open_all
from tfapp.data.splits.split_names import TRAIN
from tfapp.data.tables import json_lines, read_jsonl
from tfapp.errors import DataError
from tfapp.runtime import unpacking

SOUND = [{"a": i, "b": 0.5 * i, "label": i % 2} for i in range(40)]
DEEP = "[" * 100_000 + "]" * 100_000


def write(path, *extra):
    """Sound rows and others, each a JSON value or the text of a line."""
    lines = [json.dumps(row) for row in SOUND]
    lines[20:20] = [row if isinstance(row, str) else json.dumps(row) for row in extra]
    path.write_text("\n".join(lines) + "\n")
    return f"jsonl:{path}"


BAD_LINES = [
    ('{"a": ' + DEEP + ', "label": 1}', "is nested more than 64 levels deep"),
    ('{"a":' * 100_000 + "1" + "}" * 100_000, "is nested more than 64 levels deep"),
    ('{"a": ' + "[" * 70 + "]" * 70 + ', "label": 1}', "is nested more than 64 levels deep"),
    (r'{"a": "\ud800", "label": 1}', "holds half of a surrogate pair"),
    (r'{"\udc00": 1, "label": 1}', "holds half of a surrogate pair"),
    (r'{"c": [{"d": "\ud800"}], "label": 1}', "holds half of a surrogate pair"),
    ('{"a": 1, "a": 2, "label": 1}', "holds the field 'a' twice"),
    ('{"a": 1, "c": {"d": 1, "d": 2}, "label": 1}', "holds the field 'd' twice"),
    ('{"a": 1' + "0" * 400 + ', "label": 1}', "field 'a' is a number of 401 digits"),
    ('{"a": 1' + "0" * 5000 + ', "label": [1]}', "holds a number of too many digits"),
    ('{"a": "text", "label": 1}', "field 'a' is a str, in rows before it a number"),
    ('{"a": true, "label": 1}', "field 'a' is a boolean, in rows before it a number"),
    ('{"a": 1, "label": [1]}', "field 'label' is a list, in rows before it a number"),
    ('{"a": 1, "label": {"b": 1}}', "field 'label' is a dict, in rows before it a number"),
    ("[1, 2]", "is not a JSON object"),
    ("nonsense", "is not JSON"),
]


@pytest.mark.parametrize("line, reason", BAD_LINES, ids=[reason for _, reason in BAD_LINES])
def test_a_row_that_cannot_be_used(tmp_path, line, reason):
    if "401 digits" in reason:  # which Arrow reads as infinite: another field makes it refuse
        line = line.replace('"label"', '"b": [], "label"')
    dataset = write(tmp_path / "t.jsonl", line)
    with pytest.raises(DataError, match=rf"t\.jsonl, row 21: {reason}.*--max_bad_examples"):
        open_all(dataset)
    source = open_all(dataset, max_bad_examples="1")
    assert sum(split.num_examples for split in source.splits.values()) == 40


OF_TYPE = r"column 'label' holds values of type .*; "


@pytest.mark.parametrize(
    "value, message",
    [
        ({"b": 1}, OF_TYPE + "a number, date"),
        ([[]], OF_TYPE + "lists of words or of whole numbers"),
        ([0.5], OF_TYPE + "lists of words or of whole numbers"),
        ([1], "label label holds one label only, '1'"),
        ([None], "label label holds no labels"),
        ([0, 1], "label label holds lists of 0 and 1; give lists of the labels' names"),
    ],
)
def test_labels_that_are_lists_or_objects(tmp_path, value, message):
    rows = [{"a": i % 7, "label": value} for i in range(20)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=message):
        open_all(f"jsonl:{tmp_path / 't.jsonl'}")


@pytest.mark.parametrize("flag", ["weight_column", "group_column"])
def test_other_columns_that_are_lists(tmp_path, flag):
    rows = [{"a": i % 7, "w": [i], "label": i % 2} for i in range(20)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match="column 'w' holds values of type list"):
        open_all(f"jsonl:{tmp_path / 't.jsonl'}", **{flag: "w"})


@pytest.mark.parametrize("value", ["1" + "0" * 400, "1e999", "Infinity", "1e39"])
def test_numbers_that_no_float32_holds(tmp_path, value):
    dataset = write(tmp_path / "t.jsonl", f'{{"a": 1, "b": {value}, "label": 1}}')
    with pytest.raises(DataError, match="row 21: 'b' is infinite, or too large"):
        open_all(dataset)


def test_numbers_beyond_64_bits_are_floats(tmp_path):
    write(tmp_path / "t.jsonl", {"a": 10**30, "b": None, "label": 1}, "nonsense")
    table, malformed = read_jsonl.read(tmp_path / "t.jsonl")
    assert table["a"].type == pa.float64()
    assert table["a"][20].as_py() == 1e30
    assert list(malformed) == [22]


def test_lists_of_changing_types_are_left_out(tmp_path):
    rows = [{**SOUND[i], "c": [i, "x"] if i % 2 else {"d": i}} for i in range(0, 40, 2)]
    rows += [{**SOUND[i], "c": {"d": "x"}} for i in range(1, 40, 2)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{}\n")
    source = open_all(f"jsonl:{tmp_path / 't.jsonl'}", max_bad_examples="50%")
    assert [feature.name for feature in source.spec.features] == ["a", "b"]


def test_brackets_in_texts_are_no_nesting(tmp_path):
    rows = [{"a": "[{" * 100, "label": i % 2} for i in range(20)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table, malformed = read_jsonl.read(tmp_path / "t.jsonl")
    assert (table.num_rows, malformed) == (20, {})


@pytest.mark.parametrize("block", [16, 100, 1 << 22])
def test_nesting_is_found_wherever_it_lies(tmp_path, monkeypatch, block):
    monkeypatch.setattr(read_jsonl, "_BLOCK", block)
    for place in (0, 20, 39):
        lines = [json.dumps(row) for row in SOUND]
        lines[place] = '{"a": ' + "[ " * 200 + "]" * 200 + "}"
        (tmp_path / "t.jsonl").write_text("\n".join(lines))
        assert read_jsonl._may_be_nested_deep(tmp_path / "t.jsonl")
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, SOUND)))
    assert not read_jsonl._may_be_nested_deep(tmp_path / "t.jsonl")


def test_nesting_that_is_taken(tmp_path):
    value = json.loads("[" * json_lines.DEEPEST + "]" * json_lines.DEEPEST)
    assert json_lines.parse(json.dumps(value)) == value
    with pytest.raises(ValueError, match="levels deep"):
        json_lines.parse(json.dumps([value]))


@pytest.mark.parametrize(
    "values", [[b"\xff"], [{"x": 1}], [[0.5]], [pa.scalar(5, pa.duration("s"))]]
)
def test_parquet_labels_of_other_types(tmp_path, values):
    table = pa.table({"a": np.arange(20) % 7, "label": pa.array(values * 20)})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: column 'label' holds values of type"):
        open_all(f"parquet:{tmp_path / 't.parquet'}")


def test_text_in_parquet_that_is_not_utf8(tmp_path):
    data = pa.array([b"\xff\xfe", b"ok"] * 10).cast(pa.string(), safe=False)
    table = pa.table({"a": data, "label": [0] * 20})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet: cannot be read as Parquet"):
        open_all(f"parquet:{tmp_path / 't.parquet'}")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "text", "tfrecord", "npz"])
def test_a_pipe_is_refused_at_once(tmp_path, kind):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe:? is no regular file but a pipe"):
        open_all(f"{kind}:{tmp_path / 'pipe'}")


@pytest.mark.parametrize("kind, ending", [("csv", "csv"), ("jsonl", "jsonl"), ("text", "txt")])
def test_a_pipe_in_a_folder_is_refused_at_once(tmp_path, kind, ending):
    os.mkfifo(tmp_path / f"pipe.{ending}")
    with pytest.raises(DataError, match="is no regular file but a pipe"):
        open_all(f"{kind}:{tmp_path}")


def test_folders_with_the_ending_of_a_table(tmp_path):
    (tmp_path / "old.jsonl").mkdir()
    write(tmp_path / "old.jsonl" / "t.jsonl")
    assert TRAIN in open_all(f"jsonl:{tmp_path}").splits


def test_files_that_a_loop_of_links_repeats_are_read_once(tmp_path):
    write(tmp_path / "t.jsonl")
    (tmp_path / "loop").symlink_to(".")
    source = open_all(f"jsonl:{tmp_path}/**/*.jsonl")
    assert sum(split.num_examples for split in source.splits.values()) == 40


def test_names_of_files_that_are_not_utf8(tmp_path):
    write(tmp_path / "t.jsonl")
    os.rename(tmp_path / "t.jsonl", os.path.join(os.fsencode(tmp_path), b"\xff.jsonl"))
    with pytest.raises(DataError, match="the file's name is not UTF-8; rename it"):
        open_all(f"jsonl:{tmp_path}")


def test_a_compressed_table_that_unpacks_without_end(tmp_path, monkeypatch):
    lines = "".join(json.dumps(row) + "\n" for row in SOUND)
    for name, data in (("t.jsonl.gz", lines), ("bomb.jsonl.gz", lines + " " * 10_000_000)):
        (tmp_path / name).write_bytes(gzip.compress(data.encode()))
    monkeypatch.setattr(unpacking, "SMALL", 1000)
    monkeypatch.setattr("tfapp.data.tables.unpacked.SMALL", 1000)
    open_all(f"jsonl:{tmp_path / 't.jsonl.gz'}")
    with pytest.raises(DataError, match=r"unpacks to more than .*, 200 times its size"):
        open_all(f"jsonl:{tmp_path / 'bomb.jsonl.gz'}")
