"""BMP files with a table of colours, which TensorFlow does not decode."""

import io
import struct

import numpy as np
import PIL.Image as pil
import pytest
import tensorflow as tf

from tests.image_files import picture
from tfapp.data.images import decode, reader


@pytest.mark.parametrize("mode, bits", [("1", 1), ("L", 8), ("P", 8), ("P", 4)])
@pytest.mark.parametrize("downwards", [False, True])
def test_bmps_with_a_colour_table(mode, bits, downwards):
    image = pil.fromarray(picture(5)).convert(mode)
    if mode == "P":
        image = image.quantize(2**bits)
    out = io.BytesIO()
    image.save(out, "BMP", bits=bits)
    data = bytearray(out.getvalue())
    expected = np.asarray(image.convert("RGB"))
    if bits == 4:
        data = bmp_of_4_bits(image)
    if downwards:
        data[22:26] = (-image.height).to_bytes(4, "little", signed=True)
        expected = expected[::-1]
    assert np.array_equal(decode.decode(bytes(data), (24, 30), 3), expected)


def bmp_of_4_bits(image):
    """Pillow writes 1 and 8 bits only."""
    colours = np.zeros((16, 4), np.uint8)
    table = np.array(image.getpalette(), np.uint8).reshape(-1, 3)[:16]
    colours[: len(table), :3] = table[:, ::-1]
    indices = np.pad(np.asarray(image), ((0, 0), (0, -image.width % 8)))[::-1]
    rows = (indices[:, ::2] << 4 | indices[:, 1::2]).tobytes()
    fields = [40, image.width, image.height, 1 | 4 << 16, 0, len(rows), 0, 0, 16, 0]
    header = b"BM" + struct.pack("<IIII", 118 + len(rows), 0, 118, fields[0])
    return bytearray(header + struct.pack("<9I", *fields[1:]) + colours.tobytes() + rows)


def test_a_damaged_colour_table_or_form():
    out = io.BytesIO()
    pil.fromarray(picture(5)).convert("L").save(out, "BMP")
    data = out.getvalue()
    compressed = data[:30] + b"\1" + data[31:]
    for broken, why in (
        (data[:-200], "cannot be decoded"),
        (compressed, "compressed BMP or one of 16 bits"),
    ):
        with pytest.raises(tf.errors.OpError) as caught:
            decode.decode(broken, (24, 30), 3)
        assert why in reader.in_words(caught.value)
