"""Images that claim absurd sizes, and what lies in a folder of images but is none."""

import io
import os
import pathlib
import struct

import numpy as np
import PIL.Image as pil
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.image_files import bmp, make_folder, oversize_jpeg, picture
from tfapp.data.images import decode, gif
from tfapp.data.images.folder_index import build_index
from tfapp.data.images.reader import in_words, reason
from tfapp.data.images.size import choose_size
from tfapp.errors import DataError


def with_size(data, at, form, *sides):
    packed = struct.pack(form, *sides)
    return data[:at] + packed + data[at + len(packed) :]


def png():
    return tf.io.encode_png(picture(0)).numpy()


def animation(count, height, width):
    noise = np.random.default_rng(0).integers(0, 255, (count, height, width, 3), np.uint8)
    images, out = [pil.fromarray(pixels) for pixels in noise], io.BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:])
    return out.getvalue()


def large_frame(bytes_of_data):
    """A GIF of 2x2 pixels whose frame claims 60000x60000."""
    blocks = (b"\xff" + bytes(255)) * (bytes_of_data // 255) + b"\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, 60000, 60000, 0) + b"\x02" + blocks + b";"


LEAST = -(2**31)


@pytest.mark.parametrize(
    "data, words",
    [
        (with_size(bmp(picture(0)), 22, "<i", LEAST), "claims 2147483648x30 pixels"),
        (with_size(bmp(picture(0)), 18, "<ii", LEAST, LEAST), "claims 2147483648x2147483648"),
        (with_size(bmp(picture(0)), 18, "<ii", 0, 24), "claims 24x0 pixels"),
        (with_size(bmp(picture(0)), 18, "<i", -1), "claims 24x4294967295 pixels"),
        (with_size(png(), 16, ">II", 60000, 60000), "claims 60000x60000 pixels"),
        (with_size(png(), 16, ">II", 2**32 - 1, 2**32 - 1), "claims 4294967295x4294967295"),
        (with_size(animation(1, 8, 8), 6, "<HH", 65535, 65535), "claims 65535x65535 pixels"),
        (large_frame(100_000), "is a GIF whose frames claim more pixels than are decoded"),
        (oversize_jpeg(), "claims 60000x60000 pixels"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(40), "is none of JPEG, PNG, GIF and BMP"),
    ],
)
def test_a_claimed_size_is_looked_at_before_anything_is_decoded(data, words):
    with pytest.raises(tf.errors.OpError) as caught:
        decode.decoder((8, 8), 3)(tf.constant(data))
    assert in_words(caught.value).startswith(words)


def test_sizes_that_no_image_has_do_not_decide_the_size_of_all():
    files = [bmp(picture(i)) for i in range(8)]
    for i in range(6):
        files[i] = with_size(files[i], 22, "<i", LEAST)
    assert choose_size("", len(files), files.__getitem__) == ((24, 30), 3)


@pytest.mark.parametrize("shape", [(1, 5, 7), (4, 60, 70)])
def test_frames_of_a_gif(shape):
    count, height, width = shape
    found = gif.frames(tf.constant(animation(*shape)))
    assert [int(pixels) for pixels in found] == [height * width, count * height * width]


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "animals", each=4)


def test_a_pipe_among_images_is_left_out(folder):
    os.mkfifo(folder / "cat" / "pipe.jpg")
    (folder / "cat" / "zero.png").symlink_to("/dev/zero")
    source = open_all(f"folder:{folder}")
    assert sum(split.num_examples for split in source.splits.values()) == 12


def test_links_that_lead_back_end(folder):
    (folder / "cat" / "loop").symlink_to("..")
    (folder / "dog" / "self").symlink_to(".")
    (folder / "around").symlink_to("around")
    (folder / "dog" / "nowhere.jpg").symlink_to("nowhere.jpg")
    index = build_index(folder, (b".jpg",))
    names = [index.path(row) for row in range(len(index))]
    assert sum(name.startswith("dog/") for name in names) == 5
    # Through the link all classes are seen once more, and no class is seen forever.
    assert sum(name.startswith("cat/") for name in names) == 13
    assert reason(str(folder / "dog" / "nowhere.jpg"), (8, 8), 3) == "is not there any more"


def test_a_folder_with_the_ending_of_an_image(folder):
    (folder / "cat" / "more.jpg").mkdir()
    (folder / "cat" / "000.JPG").rename(folder / "cat" / "more.jpg" / "000.jpg")
    index = build_index(folder, (b".jpg",))
    assert "cat/more.jpg/000.jpg" in [index.path(row) for row in range(len(index))]


def test_names_of_classes_and_files_need_not_be_utf8(folder, tmp_path):
    os.rename(folder / "cat", os.path.join(os.fsencode(folder), b"c\xe4t"))
    os.rename(folder / "dog" / "000.JPG", os.path.join(os.fsencode(folder), b"dog", b"\xff.jpg"))
    source = open_all(f"folder:{folder}", max_bad_examples="1")
    assert source.spec.label.class_names == (r"c\xe4t", "dog", "fox")
    assert sum(len(split.arrays()["image"]) for split in source.splits.values()) == 12
    source.bad_examples.keep_in(tmp_path)
    source.bad_examples.skip(os.fsdecode(b"d\xff.jpg"), "is empty")
    assert b"d\\udcff.jpg" in pathlib.Path(tmp_path, "bad_examples.jsonl").read_bytes()


def test_two_classes_must_not_be_shown_alike(folder):
    os.rename(folder / "cat", os.path.join(os.fsencode(folder), b"\xff"))
    os.rename(folder / "dog", folder / r"\xff")
    with pytest.raises(DataError, match="two folders are called"):
        open_all(f"folder:{folder}")
