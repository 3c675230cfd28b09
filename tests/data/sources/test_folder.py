"""folder: what is found, in which order, and what an image becomes."""

import logging
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.image_files import bmp, jpeg, make_folder, oversize_jpeg, picture
from tfapp.data.images import decode
from tfapp.errors import DataError, UsageError


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "animals")


def open_(folder, **changes):
    return open_all(f"folder:{folder}", **changes)


def names(split):
    return [pathlib.Path(split.reader.where(int(row))).name for row in split.rows]


def test_classes_are_the_folders_and_splits_are_held_out(folder, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        source = open_(folder)
    assert source.spec.label.class_names == ("cat", "dog", "fox")
    assert {k: s.num_examples for k, s in source.splits.items()} == {
        "train": 24,
        "test": 3,
        "validation": 3,
    }
    assert sorted(source.splits["test"].labels("label")) == [0, 1, 2]  # stratified
    assert source.spec.features[0].shape == (24, 30, 3)
    assert "images: 24x30x3 (the size of 30 of 30 files looked at), as they are" in caplog.text


def test_folders_of_splits(tmp_path):
    make_folder(tmp_path / "data" / "Train")
    make_folder(tmp_path / "data" / "val", each=2)
    make_folder(tmp_path / "data" / "test", classes=("dog", "fox"), each=4)
    source = open_(tmp_path / "data")
    assert {k: s.num_examples for k, s in source.splits.items()} == {
        "train": 30,
        "validation": 6,
        "test": 8,
    }
    assert set(source.splits["test"].labels("label")) == {1, 2}


def test_pixels_and_labels_belong_together(folder):
    source = open_(folder)
    arrays = source.splits["train"].arrays()
    for row, pixels, label in zip(
        source.splits["train"].rows, arrays["image"], arrays["label"], strict=True
    ):
        path = source.splits["train"].reader.where(int(row))
        assert pathlib.Path(path).parent.name == ("cat", "dog", "fox")[label]
        assert np.array_equal(pixels, tf.io.decode_jpeg(tf.io.read_file(path)).numpy())


def test_fetch_sample_and_arrays_agree(folder):
    train = open_(folder).splits["train"]
    arrays = train.arrays()
    assert np.array_equal(train.fetch([5, 0, 7])["image"], arrays["image"][[5, 0, 7]])
    assert np.array_equal(train.examples(4)["image"], arrays["image"][:4])
    assert np.array_equal(train.sample(3)["image"], arrays["image"][[0, 8, 16]])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_obeyed(orientation):
    seen = picture(1, 16, 24)
    stored = {
        1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1],
        5: seen.transpose(1, 0, 2), 6: np.rot90(seen, 1), 7: seen[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(seen, -1),
    }[orientation]  # fmt: skip
    pixels = decode.decode(jpeg(np.ascontiguousarray(stored), orientation), (16, 24), 3)
    assert np.abs(pixels.numpy().astype(int) - seen).mean() < 3


@pytest.mark.parametrize(
    "place", [b"\xff\xe1\x00\x10Exif\0\0II*\0\xff\xff\xff\xff", b"\xff\xe1\0\6Exif"]
)
def test_a_malformed_exif_counts_as_upright(place):
    data = jpeg(picture(2, 16, 24))
    data = data[:2] + place + data[2:]
    pixels = decode.exif.orientation(data)
    assert int(pixels) == 1


def encoded(kind, pixels):
    return bmp(pixels) if kind == "bmp" else tf.io.encode_png(pixels).numpy()


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_lossless_formats_are_exact(kind):
    pixels = picture(3)
    assert np.array_equal(decode.decode(encoded(kind, pixels), (24, 30), 3), pixels)


def test_gif_gives_its_first_frame():
    pillow = pytest.importorskip("PIL.Image")
    import io

    frames = [pillow.fromarray(np.full((8, 8), v, np.uint8)) for v in (40, 200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert np.unique(decode.decode(out.getvalue(), (8, 8), 3)).tolist() == [40]


def test_grey_and_transparent_images():
    grey = picture(4, channels=1)
    assert np.array_equal(decode.decode(encoded("png", grey), (24, 30), 3), np.repeat(grey, 3, -1))
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:, :4] = (10, 20, 30, 255)
    shown = decode.decode(encoded("png", clear), (8, 8), 3).numpy()
    assert (shown[:, :4] == (10, 20, 30)).all()
    assert (shown[:, 4:] == 255).all()  # on white


def test_resized_with_the_aspect_kept_then_cropped_at_the_centre():
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 200
    assert (decode.decode(encoded("png", wide), (20, 20), 3).numpy() == 200).all()
    tall = wide.transpose(1, 0, 2).copy()
    assert (decode.decode(encoded("png", tall), (20, 20), 3).numpy() == 200).all()


def test_a_large_jpeg_is_reduced_like_a_small_one():
    large = picture(5, 800, 800)
    small = decode.decode(jpeg(large), (50, 50), 3).numpy().astype(int)
    exact = decode.decode(encoded("png", large), (50, 50), 3).numpy().astype(int)
    assert np.abs(small - exact).mean() < 2


def test_a_random_window_depends_on_its_seed_alone():
    data = jpeg(picture(6, 60, 80))
    windows = [
        decode.decode(data, (32, 32), 3, tf.constant(seed, tf.int64)).numpy() for seed in (1, 1, 2)
    ]
    assert np.array_equal(windows[0], windows[1])
    assert not np.array_equal(windows[0], windows[2])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda f: shutil.rmtree(f), "No such file or directory"),
        (lambda f: [shutil.rmtree(f / n) for n in ("cat", "dog")], "one class only, fox"),
        (lambda f: [shutil.rmtree(f / n) for n in ("cat", "dog", "fox")], "holds no folders"),
        (lambda f: (f / "owl").mkdir(), "owl: the class holds no image"),
        (lambda f: make_folder(f / "test", each=2), "but no folder train"),
    ],
)
def test_a_folder_that_cannot_be_used(folder, make, message):
    make(folder)
    with pytest.raises(DataError, match=message) as caught:
        open_(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("size", ["0", "x", "3x4x5", "-3", "99999", "²", "3x²", "9" * 5000])
def test_an_image_size_that_makes_no_sense(folder, size):
    with pytest.raises(UsageError, match="write it as") as caught:
        open_(folder, image_size=size)
    assert str(caught.value).startswith(f"--image_size={size}"[:500])


def test_the_index_is_cached_until_the_folder_changes(folder, monkeypatch, tmp_path):
    from tfapp.data.images import folder_index

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(folder_index, "_CACHED_FROM", 1)
    monkeypatch.setattr(folder_index, "_SETTLED_SECONDS", -9.0)
    first = folder_index.build_index(folder, (b".jpg",))
    walks = []
    monkeypatch.setattr(folder_index, "_files", lambda *a: walks.append(a) or ([], 0))
    again = folder_index.build_index(folder, (b".jpg",))
    assert not walks
    assert again.paths == first.paths
    assert again.tops == first.tops
    assert np.array_equal(again.offsets, first.offsets)
    (folder / "cat" / "new.jpg").write_bytes(b"")
    folder_index.build_index(folder, (b".jpg",))
    assert len(walks) == 3


def _truncate(path):
    path.write_bytes(path.read_bytes()[:400])


FAULTS = {
    "truncated": (_truncate, "is a damaged or truncated JPEG"),
    "stub": (lambda p: p.write_bytes(p.read_bytes()[:20]), "is a damaged or truncated JPEG"),
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "text": (lambda p: p.write_bytes(b"hello, world"), "is none of JPEG, PNG, GIF and BMP"),
    "oversize": (lambda p: p.write_bytes(oversize_jpeg()), "claims 60000x60000 pixels"),
    "vanished": (pathlib.Path.unlink, "is not there any more"),
}


def _marked(fault):
    quick = fault in ("truncated", "oversize", "vanished")
    return pytest.param(fault, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("fault", map(_marked, FAULTS))
def test_a_bad_image_stops_with_file_and_reason(folder, fault):
    source = open_(folder)
    spoil, message = FAULTS[fault]
    train = source.splits["train"]
    path = pathlib.Path(train.reader.where(int(train.rows[11])))
    spoil(path)
    with pytest.raises(DataError) as caught:
        train.arrays()
    assert f"{path}: {message}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_when_nothing_can_be_read(folder):
    """The search for the next readable one ends with an error."""
    train = open_(folder, max_bad_examples="100%").splits["train"]
    for row in train.rows:
        _truncate(pathlib.Path(train.reader.where(int(row))))
    with pytest.raises(DataError, match="none of 24 consecutive examples can be read"):
        train.arrays()


def test_within_the_budget_the_next_readable_example_takes_the_place(folder, tmp_path):
    source = open_(folder, max_bad_examples="10%")  # three of 30
    source.bad_examples.keep_in(tmp_path)
    train = source.splits["train"]
    sound = train.arrays()["image"]
    paths = [pathlib.Path(train.reader.where(int(train.rows[i]))) for i in (4, 5, 23)]
    for path in paths:
        _truncate(path)
    expected = sound.copy()
    expected[[4, 5, 23]] = sound[[6, 6, 0]]  # after the last comes the first
    assert np.array_equal(train.arrays()["image"], expected)
    assert np.array_equal(train.arrays()["image"], expected)  # each is counted once
    listed = (tmp_path / "bad_examples.jsonl").read_text().splitlines()
    assert len(listed) == 3
    assert all(any(str(p) in line for p in paths) for line in listed)
    _truncate(pathlib.Path(train.reader.where(int(train.rows[9]))))
    with pytest.raises(DataError, match="it is bad example 4, and --max_bad_examples=10% allows 3"):
        train.arrays()
