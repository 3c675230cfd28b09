"""metrics/train.csv and metrics/validation.csv, as another program reads them."""

import math

import pytest
from pyarrow import csv

from tfapp.callbacks.writers.csv import CsvWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics" / "train.csv"


@pytest.fixture
def writer(tmp_path):
    writer = CsvWriter(tmp_path, wall_clock=lambda: 9.25)
    writer.rewind(0)
    yield writer
    writer.close()


def rows(path):
    return csv.read_csv(path).to_pylist()


def test_a_row_a_record_and_a_table_a_split(writer, path):
    writer.scalars(10, "train", {"loss": 0.1 + 0.2, "accuracy": 1.0})
    writer.scalars(10, "validation", {"loss": 0.5})
    writer.scalars(20, "train", {"loss": 1e-30, "accuracy": 0.25})
    assert rows(path) == [
        {"step": 10, "time": 9.25, "loss": 0.1 + 0.2, "accuracy": 1.0},
        {"step": 20, "time": 9.25, "loss": 1e-30, "accuracy": 0.25},
    ]
    assert rows(path.with_name("validation.csv")) == [{"step": 10, "time": 9.25, "loss": 0.5}]


def test_columns_are_the_union_of_all_names(writer, path):
    writer.scalars(10, "train", {"loss": 1.5})
    writer.scalars(20, "train", {"loss": 1.25, "skipped": 3})
    writer.scalars(30, "train", {"skipped": 1})
    time = {"time": 9.25}
    assert rows(path) == [
        {"step": 10, **time, "loss": 1.5, "skipped": None},
        {"step": 20, **time, "loss": 1.25, "skipped": 3},
        {"step": 30, **time, "loss": None, "skipped": 1},
    ]


def test_columns_survive_a_resume(writer, path, tmp_path):
    writer.scalars(10, "train", {"loss": 1.5, "skipped": 3})
    writer.scalars(20, "train", {"loss": 1.0})
    writer.close()
    again = CsvWriter(tmp_path, wall_clock=lambda: 10.5)
    again.rewind(10)
    again.scalars(20, "train", {"loss": 0.75, 'top "5", all': 1.0})
    again.close()
    assert rows(path) == [
        {"step": 10, "time": 9.25, "loss": 1.5, "skipped": 3, 'top "5", all': None},
        {"step": 20, "time": 10.5, "loss": 0.75, "skipped": None, 'top "5", all': 1.0},
    ]


def test_numbers_that_are_not_finite(writer, path):
    writer.scalars(10, "train", {"loss": math.nan, "error": math.inf})
    assert path.read_text() == "step,time,loss,error\n10,9.25,nan,inf\n"


@pytest.mark.parametrize(
    "end", [b"30,9.25", b"30,9.25,0.", b"30,9.2\n", b"\x00" * 20, b"\xff\n", b'"']
)
def test_a_row_cut_short_is_dropped(writer, path, end):
    writer.scalars(10, "train", {"loss": 1.5})
    writer.close()
    path.write_bytes(path.read_bytes() + end)
    writer.rewind(100)
    writer.scalars(110, "train", {"loss": 1.25})
    assert [row["step"] for row in rows(path)] == [10, 110]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00" * 50, b"step", b"step,time,loss\n"])
def test_a_table_without_a_row_starts_anew(writer, path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    writer.rewind(100)
    writer.scalars(110, "train", {"loss": 1.25})
    assert rows(path) == [{"step": 110, "time": 9.25, "loss": 1.25}]


@pytest.mark.parametrize("damaged", [0, 1])
def test_damaged_rows_are_counted_and_the_file_is_kept(writer, path, caplog, damaged):
    for step in (10, 20):
        writer.scalars(step, "train", {"loss": 1.5})
    writer.close()
    lines = path.read_bytes().splitlines(keepends=True)
    content = b"".join([*lines[:damaged], b"\x00" * 20 + b"\n", *lines[damaged + 1 :], b"30,9."])
    path.write_bytes(content)
    writer.rewind(100)
    assert path.with_name("train.csv.damaged-1").read_bytes() == content
    lost = "1 damaged line was dropped" if damaged else "3 damaged lines were dropped"
    assert f"{path}: {lost}; the file as it was is kept as train.csv.damaged-1" in caplog.text


def test_a_last_row_that_a_kill_cut_short_is_no_damage(writer, path, caplog):
    writer.scalars(10, "train", {"loss": 1.5})
    writer.close()
    path.write_bytes(path.read_bytes() + b"30,9.")
    writer.rewind(100)
    assert [p.name for p in path.parent.iterdir()] == ["train.csv"]
    assert not caplog.records
