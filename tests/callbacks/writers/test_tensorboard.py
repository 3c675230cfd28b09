"""TensorBoard's event files, and what remains of them after a rewind."""

import numpy as np
import pytest
import tensorflow as tf

from tests.callbacks.writers.events import read_events, read_values
from tfapp.callbacks.writers.tensorboard import TensorBoardWriter


@pytest.fixture
def writer(tmp_path):
    writer = TensorBoardWriter(tmp_path)
    writer.rewind(0)
    yield writer
    writer.close()


def event_files(tmp_path, split="train"):
    return list((tmp_path / "tensorboard" / split).iterdir())


def loss_at(writer, *steps):
    for step in steps:
        writer.scalars(step, "train", {"loss": step / 8})


def test_it_gets_every_number(writer, tmp_path):
    writer.scalars(7, "train", {"loss": 0.5, "learning_rate": 0.25, "skipped": 3})
    writer.scalars(7, "validation", {"loss": 0.75})
    assert read_values(tmp_path, "train") == {
        ("loss", 7): 0.5,
        ("learning_rate", 7): 0.25,
        ("skipped", 7): 3.0,
    }
    assert read_values(tmp_path, "validation") == {("loss", 7): 0.75}


def test_images_texts_and_histograms(writer, tmp_path):
    images = np.arange(4 * 5 * 6 * 3, dtype=np.uint8).reshape(4, 5, 6, 3)
    writer.images(3, "validation", "mistakes", images)
    writer.texts(3, "validation", "note", "**bold**")
    writer.histograms(3, "validation", "logits", np.linspace(0, 1, 100))
    writer.flush()
    found = {
        value.tag: tf.make_ndarray(value.tensor)
        for event in read_events(tmp_path, "validation")
        for value in event.summary.value
    }
    width, height, *shown = found["mistakes"].tolist()
    assert (int(width), int(height)) == (6, 5)
    assert [tf.io.decode_png(png).numpy().tolist() for png in shown] == images.tolist()
    assert found["note"].tolist() == b"**bold**"
    assert found["logits"][:, 2].sum() == 100  # [bucket, (from, to, count)]


def test_a_rewind_keeps_the_past_byte_for_byte(writer, tmp_path):
    loss_at(writer, 10, 20)
    writer.close()
    (path,) = event_files(tmp_path)
    past = path.read_bytes()
    with path.open("ab") as file:  # another process has written what follows
        other = TensorBoardWriter(tmp_path / "other")
        loss_at(other, 30, 40)
        other.close()
        file.write(event_files(tmp_path / "other")[0].read_bytes())
    writer.rewind(20)
    assert path.read_bytes().startswith(past)
    assert [step for _, step in read_values(tmp_path, "train")] == [10, 20]


def test_a_rewind_covers_the_files_of_every_start(writer, tmp_path):
    loss_at(writer, 10, 20)
    writer.rewind(20)
    loss_at(writer, 30, 40)
    writer.rewind(10)
    loss_at(writer, 20)
    assert [step for _, step in read_values(tmp_path, "train")] == [10, 20]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_an_event_cut_short_is_dropped(writer, tmp_path, cut):
    loss_at(writer, 10, 20)
    writer.close()
    (path,) = event_files(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    writer.rewind(100)
    assert [step for _, step in read_values(tmp_path, "train")] == [10]


def test_zeros_at_the_end_are_dropped(writer, tmp_path):
    loss_at(writer, 10)
    writer.close()
    (path,) = event_files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))
    writer.rewind(100)
    assert path.read_bytes() == whole


def test_a_file_that_cannot_be_read_is_removed(writer, tmp_path):
    loss_at(writer, 10)
    writer.close()
    (path,) = event_files(tmp_path)
    path.write_bytes(bytes(4096))
    writer.rewind(100)
    assert not [path for path in event_files(tmp_path) if "tfevents" in path.name]


def test_what_a_killed_rewind_left_is_removed(writer, tmp_path):
    loss_at(writer, 10)
    writer.close()
    (path,) = event_files(tmp_path)
    path.with_name(f".{path.name}.17.tmp").write_bytes(path.read_bytes())
    writer.rewind(100)
    assert event_files(tmp_path) == [path]


def test_damage_in_the_middle_is_reported_and_the_file_is_kept(writer, tmp_path, caplog):
    loss_at(writer, 10, 20, 30)
    writer.close()
    (path,) = event_files(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    writer.rewind(100)
    (kept,) = path.parent.glob("*.damaged.*-1")
    assert kept.read_bytes() == content
    assert "tfevents" not in kept.name  # TensorBoard would read it
    assert f"kept as {kept.name}" in caplog.text


def test_an_event_cut_short_is_no_damage(writer, tmp_path, caplog):
    loss_at(writer, 10, 20)
    writer.close()
    (path,) = event_files(tmp_path)
    for cut in (1, 30):
        path.write_bytes(path.read_bytes()[:-cut])
        writer.rewind(100)
    assert list(path.parent.iterdir()) == [path]
    assert not caplog.records
