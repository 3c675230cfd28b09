"""Image files and folders for tests, valid and damaged."""

import pathlib

import numpy as np
import tensorflow as tf

EXIF = bytes.fromhex("4578696600004d4d002a00000008000101120003000000010006000000000000")


def picture(seed, height=24, width=30, channels=3):
    """A smooth uint8 [height, width, channels], which JPEG changes little."""
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 3, channels))
    smooth = tf.image.resize(coarse, (height, width), "bilinear")
    return tf.cast(smooth, tf.uint8).numpy()


def jpeg(pixels, orientation=1):
    """An encoded JPEG, with `orientation` in its EXIF unless it is 1."""
    data = tf.io.encode_jpeg(pixels, quality=100, chroma_downsampling=False).numpy()
    if orientation == 1:
        return data
    block = EXIF.replace(b"\x00\x06", bytes([0, orientation]))
    return data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]


def bmp(pixels):
    """An uncompressed BMP of 24 bits."""
    height, width, _ = pixels.shape
    pad = -width * 3 % 4
    rows = [row[:, ::-1].tobytes() + bytes(pad) for row in pixels[::-1]]
    header = b"BM" + (54 + sum(map(len, rows))).to_bytes(4, "little") + bytes(4)
    header += (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    header += width.to_bytes(4, "little") + height.to_bytes(4, "little")
    header += (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    return header + b"".join(rows)


def oversize_jpeg():
    """A few hundred bytes that claim 60000x60000 pixels."""
    data = bytearray(jpeg(picture(0)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = (60000).to_bytes(2, "big") * 2
    return bytes(data)


def make_folder(root, classes=("cat", "dog", "fox"), each=10, size=(24, 30)):
    """Writes classes of JPEGs below `root`; returns it."""
    for number, name in enumerate(classes):
        folder = pathlib.Path(root, name)
        folder.mkdir(parents=True)
        for i in range(each):
            pixels = picture(100 * number + i, *size) // 3 + 60 * number
            (folder / f"{i:03}.JPG").write_bytes(jpeg(pixels.astype(np.uint8)))
    return pathlib.Path(root)
