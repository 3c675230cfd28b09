"""Records that are not like the first ones, and compressed files that unpack without end."""

import gzip
import os
import zlib

import numpy as np
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.image_files import jpeg, picture
from tests.tf_examples import example
from tfapp.data.records import decompressed
from tfapp.errors import DataError, StorageError
from tfapp.runtime import unpacking
from tfapp.runtime.tf_settings import cache_folder

COUNT = 100  # more than are looked at to find out what the fields are


def row(i, **changes):
    values = {"a": [float(i), 0.5], "b": i, "label": i % 2} | changes
    return example(**{name: value for name, value in values.items() if value is not None})


def image_row(i, **changes):
    return row(i, **{"image": jpeg(picture(i, 8, 8)), "a": None, "b": None, **changes})


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path):
    """write(make, changes): a file of records; changes: number -> what is other in that one."""

    def write_one(make, changes, name="t.tfrecord"):
        with tf.io.TFRecordWriter(str(tmp_path / name)) as writer:
            for i in range(COUNT):
                other = changes.get(i, {})
                writer.write(other if isinstance(other, bytes) else make(i, **other))
        return f"tfrecord:{tmp_path / name}"

    return write_one


CHANGES = [
    ({"a": 1}, "field 'a' holds 1 int64, in the first records 2 float32"),
    ({"a": [1.0, 2.0, 3.0]}, "field 'a' holds 3 float32, in the first records 2 float32"),
    ({"a": None}, "has no field 'a', which the first records have"),
    ({"label": b"cat"}, "field 'label' holds 1 string, in the first records 1 int64"),
    ({"label": [1, 1]}, "field 'label' holds 2 int64, in the first records 1 int64"),
    ({"a": [float("nan"), 1.0]}, "field 'a' is NaN or infinite"),
    ({"a": [float("inf"), 1.0]}, "field 'a' is NaN or infinite"),
    (b"no tf.Example", "is no tf.Example"),
    (b"\xff" * 8, "is no tf.Example"),
    (b"", "has no field 'a', which the first records have"),
]


@pytest.mark.parametrize("change, reason", CHANGES)
def test_a_record_that_is_not_like_the_first_ones(write, change, reason):
    dataset = write(row, {97: change})
    with pytest.raises(DataError, match=rf"record at byte \d+: {reason}.*--max_bad_examples"):
        open_all(dataset)
    source = open_all(dataset, max_bad_examples="1")
    splits = [split.arrays() for split in source.splits.values()]
    kept = sorted(int(b) for arrays in splits for b in np.ravel(arrays["b"]))
    assert kept == [i for i in range(COUNT) if i != 97]
    for arrays in splits:
        assert np.array_equal(np.ravel(arrays["b"]) % 2, arrays["label"])


@pytest.mark.parametrize(
    "change", [{"label": None}, {"label": 0.5}, {"label": [0, 1]}, b"\xff\xff"]
)
def test_records_of_images_without_a_label_of_that_kind(write, change):
    dataset = write(image_row, {97: change})
    with pytest.raises(DataError, match=r"record at byte \d+: .*--max_bad_examples"):
        open_all(dataset)
    source = open_all(dataset, max_bad_examples="1")
    assert sum(split.num_examples for split in source.splits.values()) == COUNT - 1


def test_a_record_of_an_image_of_another_type(write):
    source = open_all(write(image_row, {97: {"image": 5}}), max_bad_examples="1")
    for split in source.splits.values():
        split.arrays()
    ((where, reason),) = source.bad_examples._seen.items()
    assert "record at byte" in where
    assert reason == "field 'image' holds 1 int64, in the first records 1 string"


def test_all_records_are_unlike_the_first_ones(write, tmp_path):
    write(row, {}, "t-train.tfrecord")
    write(row, {i: {"a": 1} for i in range(COUNT)}, "t-test.tfrecord")
    with pytest.raises(DataError, match="no record can be used"):
        open_all(f"tfrecord:{tmp_path}/t-*", max_bad_examples="100%")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_without_records(write, tmp_path, split):
    for name in ("train", "test"):
        write(row, {}, f"t-{name}.tfrecord")
    (tmp_path / f"t-{split}.tfrecord").write_bytes(b"")
    with pytest.raises(DataError, match=f"split {split}: holds no records"):
        open_all(f"tfrecord:{tmp_path}/t-*")


def test_large_numbers_of_classes_are_those_that_occur(write):
    dataset = write(image_row, {i: {"label": 2**40 + i % 3} for i in range(COUNT)})
    label = open_all(dataset).spec.label
    assert label.num_classes == 3
    assert label.class_names[0] == str(2**40)


def test_negative_classes(write):
    with pytest.raises(DataError, match="label -5 is not among the 2 classes"):
        open_all(write(image_row, {3: {"label": -5}}))


BOMB = gzip.compress(bytes(3_000_000))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_file_that_unpacks_without_end(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(unpacking, "SMALL", 1 << 20)
    (tmp_path / "t.tfrecord").write_bytes(pack(bytes(30_000_000)))
    with pytest.raises(DataError, match=r"unpacks to more than .*, 200 times its size; unpack it"):
        open_all(f"tfrecord:{tmp_path / 't.tfrecord'}")
    assert not [p for p in cache_folder().rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_a_copy_leaves_room_on_the_disk(tmp_path, monkeypatch):
    (tmp_path / "t.tfrecord").write_bytes(BOMB)
    usage = decompressed.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(decompressed.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(StorageError, match=r"no room for its decompressed copy.*\(1 MB of .* free"):
        open_all(f"tfrecord:{tmp_path / 't.tfrecord'}")
    assert not [p for p in cache_folder().rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_a_copy_that_is_cut_short_between_records_is_made_again(write, tmp_path):
    dataset = write(row, {})
    packed = gzip.compress((tmp_path / "t.tfrecord").read_bytes())
    (tmp_path / "t.tfrecord").write_bytes(packed)
    open_all(dataset)
    (copy,) = cache_folder().rglob("*.tfrecord")
    whole = copy.read_bytes()
    for damaged in (b"", whole[: len(whole) // COUNT], whole[:-1], b"x" * len(whole)):
        copy.write_bytes(damaged)
        source = open_all(dataset)
        assert sum(split.num_examples for split in source.splits.values()) == COUNT
        assert copy.read_bytes() == whole


def test_names_of_files_need_not_be_utf8(write, tmp_path):
    write(row, {})
    name = os.path.join(os.fsencode(tmp_path), b"\xff.tfrecord")
    os.rename(tmp_path / "t.tfrecord", name)
    source = open_all(f"tfrecord:{os.fsdecode(name)}")
    assert sum(split.num_examples for split in source.splits.values()) == COUNT
