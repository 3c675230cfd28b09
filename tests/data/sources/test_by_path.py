"""--dataset as a path without its kind, and names that are no paths."""

import logging
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tfapp.data import KINDS
from tfapp.data.sources.by_path import find_kind
from tfapp.errors import DataError, UsageError

TABLE = "x,label\n" + "".join(f"{i * i},{i % 2}\n" for i in range(40))


def touch(*names):
    for name in names:
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    "name, kind",
    [
        ("people.csv", "csv"), ("people.CSV", "csv"), ("a.b/people.csv.gz", "csv"),
        ("people.tsv", "csv"), ("people.parquet", "parquet"), ("people.jsonl", "jsonl"),
        ("people.ndjson", "jsonl"), ("a.npz", "npz"), ("a.tfrecord", "tfrecord"),
        ("a.tfrecord-00000-of-00002", "tfrecord"), ("data/*.csv", "csv"), ("~/x.csv", "csv"),
        ("nowhere.csv", "csv"),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_ending(name, kind):
    if not name.startswith("nowhere"):
        touch(name)
    assert find_kind(name, KINDS) == (kind, name)


@pytest.mark.parametrize(
    "files, kind, where",
    [
        (["d/a.csv", "d/b.csv", "d/README.md"], "csv", "d"),
        (["d/train/0.parquet", "d/notes.txt"], "parquet", "d"),
        (["d/cat/1.png", "d/dog/2.JPG", "d/LICENSE"], "folder", "d"),
        (["d/README", "d/images/cat/1.png", "d/images/dog/2.png"], "folder", "d/images"),
        (["d/train/cat/1.png", "d/train/dog/2.png"], "folder", "d"),
        (["d/a.tfrecord-00000-of-00001"], "tfrecord", "d/**/*.tfrecord*"),
        (["d/dataset_info.json", "d/a-train.array_record-00000-of-00001"], "tfds", "d"),
        (["d/a.txt", "d/b.md"], "text", "d"),
    ],
)
def test_a_folder_is_known_by_its_files(files, kind, where):
    touch(*files)
    assert find_kind("d", KINDS) == (kind, where)


@pytest.mark.parametrize(
    "files, dataset, error, message",
    [
        (["people.xlsx"], "people.xlsx", UsageError,
         "--dataset=people.xlsx: its ending does not show what it holds; write KIND:PATH, such as "
         "csv:FILE or folder:DIR (kinds: csv, folder, jsonl, npz"),
        (["notes.txt"], "notes.txt", UsageError, "csv:FILE"),
        (["d/a.csv", "d/cat/1.png", "d/cat/2.png"], "d", UsageError,
         "--dataset=d: holds files of several kinds (1 of csv and 2 of folder); choose "
         "--dataset=csv:d or --dataset=folder:d"),
        (["d/a.bin"], "d", UsageError, "--dataset=d: holds no files of a known kind; write KIND:"),
        (["d/a.npz"], "d", UsageError, "--dataset=d: an npz is one file; name it as npz:FILE"),
        ([], "./nowhere", DataError, "--dataset=./nowhere: does not exist"),
        ([], "nowhere.csv", DataError, "--dataset=nowhere.csv: nowhere.csv does not exist"),
        ([], "digist", UsageError, "did you mean 'digits'? (digits, a TFDS name, a path such as"),
    ],
)  # fmt: skip
def test_what_a_path_leaves_open_is_asked_in_one_line(files, dataset, error, message):
    touch(*files)
    with pytest.raises(error) as caught:
        open_all(dataset)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_called_as_a_data_set_of_tfds_does_not_hide_it():
    touch("mnist/a.csv")
    assert find_kind("mnist", KINDS) is None
    assert find_kind("./mnist", KINDS) == ("csv", "./mnist")


@pytest.mark.parametrize("name", ["mnist", "glue/cola", "tests.data.pets:Pets", "imagenette/320px"])
def test_a_name_that_is_no_path_stays_a_name(name):
    assert find_kind(name, KINDS) is None


def test_tables_without_a_kind_are_opened_and_the_kind_is_logged(caplog):
    pathlib.Path("people.csv").write_text(TABLE)
    columns = {"x": np.arange(40.0) ** 2, "label": ["a", "b"] * 20}
    pq.write_table(pa.table(columns), "people.parquet")
    with caplog.at_level(logging.INFO, "tfapp"):
        for name in ("people.csv", "people.parquet"):
            source = open_all(name)
            assert sum(split.num_examples for split in source.splits.values()) == 40
    assert "data: people.csv is read as csv:people.csv" in caplog.text
    assert "data: people.parquet is read as parquet:people.parquet" in caplog.text


def test_flags_about_columns_follow_a_path(tmp_path):
    pathlib.Path("people.csv").write_text(TABLE)
    assert [f.name for f in open_all("people.csv", features=("x",)).spec.features] == ["x"]


def test_a_folder_of_images_without_a_kind():
    for animal in ("cat", "dog"):
        for i in range(10):
            path = pathlib.Path("animals", animal, f"{i}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tf.io.encode_png(np.full((8, 8, 3), i, np.uint8)).numpy())
    source = open_all("animals")
    assert source.spec.label.class_names == ("cat", "dog")
