"""tfrecord: and prepared TFDS folders: schema, random access, damage in the middle of a shard."""

import gzip
import struct

import numpy as np
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.data.pets import Pets
from tests.image_files import jpeg, picture
from tests.tf_examples import example
from tfapp.data.records import index as record_index
from tfapp.errors import DataError, UsageError
from tfapp.runtime.tf_settings import cache_folder

NAMES = (b"cat", b"dog", b"fox")


def image_record(i):
    return example(
        image=jpeg(picture(i, 12, 12)),
        label=i % 3,
        name=b"a%d.jpg" % i,
    )


def write(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def offsets(path):
    """Where the records of a sound file begin, read as the format is documented."""
    data, offset, found = path.read_bytes(), 0, []
    while offset < len(data):
        found.append(offset)
        offset += 16 + struct.unpack_from("<Q", data, offset)[0]
    return found


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.fixture
def shards(tmp_path):
    for shard in range(2):
        write(
            tmp_path / f"pets-train.tfrecord-0000{shard}-of-00002",
            map(image_record, range(20 * shard, 20 * shard + 20)),
        )
    write(tmp_path / "pets-test.tfrecord", map(image_record, range(100, 109)))
    return tmp_path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def open_(where, **changes):
    return open_all(f"tfrecord:{where}/pets*", **changes)


def test_images_and_labels_are_found(shards):
    source = open_(shards)
    assert [(f.name, f.kind, f.shape) for f in source.spec.features] == [
        ("image", "image", (12, 12, 3))
    ]
    assert source.spec.label.num_classes == 3
    assert source.splits["train"].num_examples == 36
    test = source.splits["test"].arrays()
    assert test["label"].tolist() == [i % 3 for i in range(100, 109)]
    assert np.array_equal(test["image"][4], tf.io.decode_jpeg(jpeg(picture(104, 12, 12))))


def test_fields_can_be_given(tmp_path):
    rows = [example(size=1.0 * i, height=2.0 * i, word=b"w", label=i % 2) for i in range(40)]
    rows[3] = example(size=3.0, label=1)
    write(tmp_path / "pets.tfrecord", rows)
    assert [f.name for f in open_(tmp_path, features=("size",)).spec.features] == ["size"]
    for key, why in {
        "sise": "no such field; did you mean 'size'?",
        "label": "is the label",
        "height": "is missing in some records",
    }.items():
        with pytest.raises(UsageError, match=f"--features={key}: {why}".replace("?", "[?]")):
            open_(tmp_path, features=(key,))


def test_the_index_agrees_with_the_format(shards):
    path = shards / "pets-test.tfrecord"
    index = record_index.build_index([str(path)])
    assert index.offsets.tolist() == offsets(path)
    assert index.read(3) == image_record(103)
    again = record_index.build_index([str(path)])  # from the cache
    assert again.offsets.tolist() == index.offsets.tolist()


@pytest.mark.parametrize(
    "place, reason",
    [(40, "its data does not match its checksum"), (3, "its length does not match its checksum"),
     (9, "its length does not match its checksum")],
)  # fmt: skip
def test_damage_in_the_middle_of_a_shard(shards, place, reason):
    path = shards / "pets-test.tfrecord"
    where = offsets(path)[4]
    flip(path, where + place)
    with pytest.raises(DataError) as caught:
        open_(shards)
    assert f"{path}, record at byte {where}: {reason}" in str(caught.value)
    source = open_(shards, max_bad_examples="1")
    rest = [i % 3 for i in range(100, 109) if i != 104]
    assert source.splits["test"].labels("label").tolist() == rest  # the rest of the shard is read
    assert source.bad_examples.count == 1


def test_a_shard_that_is_cut_short(shards):
    path = shards / "pets-test.tfrecord"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="is cut short by the end of the file"):
        open_(shards)
    assert open_(shards, max_bad_examples="1").splits["test"].num_examples == 8


@pytest.mark.parametrize("form", ["GZIP", "ZLIB", "in two parts"])
def test_compressed_files(shards, form, caplog):
    plain = open_(shards).splits["test"].arrays()
    path = shards / "pets-test.tfrecord"
    if form == "in two parts":
        data = path.read_bytes()
        path.write_bytes(gzip.compress(data[:500]) + gzip.compress(data[500:]))
    else:
        records = [r.numpy() for r in tf.data.TFRecordDataset(str(path))]
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(form)) as writer:
            for record in records:
                writer.write(record)
    with caplog.at_level("INFO", "tfapp"):
        for _ in range(2):
            arrays = open_(shards).splits["test"].arrays()
            assert all(np.array_equal(arrays[name], plain[name]) for name in plain)
    assert caplog.text.count("written out once") == 1


@pytest.mark.parametrize("damage", [lambda d: d[:-40], lambda d: d[:50] + bytes(60) + d[110:]])
def test_a_compressed_file_that_is_damaged(shards, damage):
    path = shards / "pets-test.tfrecord"
    path.write_bytes(damage(gzip.compress(path.read_bytes())))
    before = set(cache_folder().rglob("*"))
    with pytest.raises(DataError, match=f"{path}: is compressed and damaged"):
        open_(shards)
    assert not any("tfrecord" in p.name for p in set(cache_folder().rglob("*")) - before)


def test_damage_after_the_index_was_made(shards):
    source = open_(shards)
    path = shards / "pets-test.tfrecord"
    flip(path, offsets(path)[2] + 60)
    with pytest.raises(DataError, match=f"{path}, record at byte {offsets(path)[2]}"):
        source.splits["test"].arrays()


def test_a_record_whose_image_is_damaged(shards):
    broken = example(image=jpeg(picture(0, 12, 12))[:200], label=0,
                     name=np.array(b"x", object))  # fmt: skip
    write(shards / "pets-validation.tfrecord", [image_record(0), broken, image_record(2)])
    with pytest.raises(DataError, match=r"pets-validation.*is a damaged or truncated JPEG"):
        open_(shards).splits["validation"].arrays()


def test_records_without_images_are_a_table(tmp_path):
    write(
        tmp_path / "pets.tfrecord",
        (example(x=[i, 2.0 * i], kind=NAMES[i % 3]) for i in range(60)),
    )
    source = open_(tmp_path, label="kind")
    assert source.spec.label.class_names == ("cat", "dog", "fox")
    assert [(f.name, f.shape) for f in source.spec.features] == [("x", (2,))]


@pytest.mark.parametrize(
    "make, changes, message",
    [
        (lambda p: None, {}, "no file matches"),
        (lambda p: write(p, [b"no example"] * 9), {}, "its records are no tf.Examples"),
        (lambda p: p.write_bytes(b"x" * 100), {"max_bad_examples": "5"}, "holds no sound TFRecord"),
        (lambda p: p.write_bytes(b"\x1f\x8b" + b"x" * 100), {}, "is compressed and damaged"),
        (
            lambda p: write(p, map(image_record, range(9))),
            {"label": "lable"},
            "did you mean 'label'",
        ),
        (lambda p: write(p, [example(label=i % 2) for i in range(9)]), {}, "nothing to learn"),
    ],
)
def test_what_cannot_be_used(tmp_path, make, changes, message):
    make(tmp_path / "pets.tfrecord")
    with pytest.raises(DataError, match=message):
        open_(tmp_path, **changes)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_a_prepared_folder_of_images_of_varying_sizes(tmp_path, file_format):
    builder = Pets(data_dir=str(tmp_path / "data"), file_format=file_format)
    builder.download_and_prepare()
    source = open_all(f"tfds:{builder.data_dir}", image_size="16")
    assert source.spec.label.class_names == ("a", "b")
    assert sum(s.num_examples for s in source.splits.values()) == 30
    arrays = source.splits["train"].arrays()
    assert arrays["image"].shape == (source.splits["train"].num_examples, 16, 16, 3)
    assert "record" in source.splits["train"].reader.where(3)


def test_a_folder_that_tfds_did_not_prepare(tmp_path):
    with pytest.raises(DataError, match="is not a folder that TFDS prepared"):
        open_all(f"tfds:{tmp_path}/")
