"""Both formats of records honour the contract of `Records`."""

import pytest
import tensorflow as tf

from tests.data.pets import Pets
from tfapp.data.records import index
from tfapp.data.sources.tfds_records import ArrayRecords

OPENERS = {"tfrecord": index.build_index, "array_record": ArrayRecords}


@pytest.mark.parametrize("file_format", OPENERS)
def test_records_by_number(tmp_path, monkeypatch, file_format):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    builder = Pets(data_dir=str(tmp_path / "tfds"), file_format=file_format)
    builder.download_and_prepare()
    paths = [str(path) for path in builder.info.splits["train"].filepaths]
    records = OPENERS[file_format](paths)
    assert len(records) == 30
    assert records.bad == ()
    examples = [tf.train.Example.FromString(records.read(row)) for row in range(30)]
    labels = [e.features.feature["label"].int64_list.value[0] for e in examples]
    assert sorted(labels) == [0] * 15 + [1] * 15
    places = [records.where(row) for row in range(30)]
    assert len(set(places)) == 30
    assert all(place.startswith(paths[0]) for place in places)
    twice = OPENERS[file_format]([*paths, *paths])
    assert len(twice) == 60
    assert [twice.where(row) for row in (29, 30)] == [places[29], places[0]]
    assert [twice.read(row) for row in (29, 30)] == [records.read(29), records.read(0)]
    assert list(twice.read_many([29, 30, 3, 59])) == [twice.read(r) for r in (29, 30, 3, 59)]
    in_graph = tf.data.Dataset.range(60).map(twice.in_graph, num_parallel_calls=2)
    assert [r.numpy() for r in in_graph] == [twice.read(row) for row in range(60)]


def test_a_tfrecord_file_that_changes_after_it_was_indexed(tmp_path):
    path = tmp_path / "some.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for word in (b"first", b"second", b"third"):
            writer.write(word)
    records = index.build_index([str(path)])
    whole = path.read_bytes()
    cut = whole[: records.offsets[2]]
    for damaged in (whole[:-1], cut, whole.replace(b"third", b"thirt"), b""):
        path.write_bytes(damaged)
        with pytest.raises(tf.errors.OpError):
            records.read(2)
        first, third, again = records.read_many([0, 2, 2])
        assert first == b"first" or not damaged
        assert isinstance(third, tf.errors.OpError)
        assert isinstance(again, tf.errors.OpError)
        with pytest.raises(tf.errors.OpError):
            list(tf.data.Dataset.range(2, 3).map(records.in_graph))
    path.unlink()
    with pytest.raises(tf.errors.NotFoundError):
        list(tf.data.Dataset.range(2, 3).map(records.in_graph))


def test_many_records_of_several_files(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.tfrecord", "b.tfrecord")]
    for path in paths:
        with tf.io.TFRecordWriter(path) as writer:
            for i in range(3):
                writer.write(f"{path} {i}".encode())
    records = index.build_index(paths)
    rows = [0, 4, 5, 1, 3]
    found = [record.decode() for record in records.read_many(rows)]
    assert found == [f"{paths[row // 3]} {row % 3}" for row in rows]
