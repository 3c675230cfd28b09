"""The families of damaged or hostile files: name -> what is tried, and what is done with it.

    python -m tests.fuzz.families NAME COUNT FOLDER

runs one in a process of its own, so that a crash of a native library is seen as well: the case that
was tried last lies in FOLDER.
"""

import gzip
import io
import json
import pathlib
import struct
import sys
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from hypothesis import strategies as st

from tests.fuzz import running
from tests.fuzz.mutations import damaged, json_values
from tests.image_files import bmp, jpeg, oversize_jpeg, picture
from tests.tf_examples import example
from tfapp.config import Config
from tfapp.data import fingerprint
from tfapp.data.images.reader import reason
from tfapp.data.images.size import shape_of
from tfapp.data.records.schema import misfit
from tfapp.errors import DataError
from tfapp.experiment.prepare import prepare

ROWS = 24


def use(dataset, **changes):
    """Opens, fits and encodes a data set, and reads from it, as a start of a run does."""
    config = Config(dataset=str(dataset), **changes)
    data = prepare(config, check=lambda raw: fingerprint.fingerprint(config.dataset, raw))
    for split in data.source.splits.values():
        split.examples(2)


def _used(name, data, kind, **changes):
    pathlib.Path(name).write_bytes(data)
    use(f"{kind}:{name}", **changes)


# Tables.

_LINES = b"".join(
    b'{"a": %d, "b": "w%d", "c": %s, "label": %d}\n' % (i, i % 4, b"[1, 2]", i % 2)
    for i in range(ROWS)
)


@st.composite
def _json_lines(draw):
    """Rows whose values change their types, and may be no JSON at all."""
    rows = [{"a": i, "label": i % 2} for i in range(ROWS)]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.sampled_from(rows))
        row[draw(st.sampled_from(["a", "b", "label"]))] = draw(json_values())
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _jsonl(data):
    _used("t.jsonl", data, "jsonl", label="label", max_bad_examples="50%")


def _table(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


_PARQUET = [
    _table({"a": list(range(ROWS)), "b": ["x", "y"] * (ROWS // 2), "label": [0, 1] * (ROWS // 2)}),
    _table({"a": [[1], [2]] * (ROWS // 2), "b": [0.5] * ROWS, "label": ["p", "q"] * (ROWS // 2)}),
]
_ARROW_VALUES = [
    [b"\xff\x00", b"a"], [{"x": 1}, {"x": None}], [[1], []], [None, None], [True, False],
    [1.5, float("nan")], [float("inf"), 1.0], [2**63 - 1, -(2**63)], ["", "a"],
    [pa.scalar(5, pa.duration("s")), pa.scalar(6, pa.duration("s"))],
    [pa.scalar(5, pa.time64("us")), pa.scalar(6, pa.time64("us"))],
    [pa.scalar("1.5").cast(pa.decimal128(5, 2)), pa.scalar("2").cast(pa.decimal128(5, 2))],
    [pa.scalar(5, pa.timestamp("ns", "UTC")), pa.scalar(6, pa.timestamp("ns", "UTC"))],
]  # fmt: skip


@st.composite
def _arrow_tables(draw):
    """Parquet with columns of any type, the label among them."""
    columns = {
        name: pa.array([*draw(st.sampled_from(_ARROW_VALUES))] * (ROWS // 2))
        for name in ("a", "b", "label")
    }
    return _table({**columns, "c": np.arange(ROWS)})


def _parquet(data):
    _used("t.parquet", data, "parquet", label="label", max_bad_examples="50%")


# Arrays.


def _npz_bytes(save=np.savez, **arrays):
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


_X, _Y = np.linspace(-1, 1, 2 * ROWS, dtype=np.float32).reshape(ROWS, 2), np.arange(ROWS) % 3
_NPZ = [
    _npz_bytes(x=_X, y=_Y),
    _npz_bytes(np.savez_compressed, x=_X, y=_Y),
    _npz_bytes(x_train=_X, y_train=_Y, x_test=_X.astype(np.int16), y_test=_Y.astype(np.uint8)),
]
_DTYPES = ("u1", "i2", "<i8", ">i4", "u8", "f2", "f4", "<f8", "g", "c8", "?", "U3", "S3", "O",
           "M8[s]", "m8[D]", "i4,f4")  # fmt: skip


_SHAPES = ((ROWS,), (ROWS, 2), (ROWS, 1), (ROWS, 3, 4), (ROWS, 0), (0,), (), (3, 4))


@st.composite
def _npz_of_types(draw):
    """Arrays of any type and shape, zero-size ones and extreme values among them."""
    arrays = {"x": _X, "y": _Y}
    names = ["x", "y", "z", "x_test", "y_test", "", "a\nb", "\x00q", "\ud800"]
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
        dtype = draw(st.sampled_from(_DTYPES))
        # Most have as many rows as the others.
        shape = draw(st.sampled_from(_SHAPES[: draw(st.sampled_from([2, 4, 8]))]))
        array = np.zeros(shape, dtype)
        if array.dtype.kind in "iufb" and array.size:
            array[...] = (np.arange(array.size) % 3).reshape(shape)
        if array.dtype.kind in "iuf" and array.size and draw(st.booleans()):
            limit = (np.finfo if array.dtype.kind == "f" else np.iinfo)(array.dtype)
            array.flat[-1] = draw(st.sampled_from([limit.max, limit.min]))
        arrays[name.encode(errors="replace").decode()] = array
    return _npz_bytes(lambda out, **kept: np.savez(out, allow_pickle=True, **kept), **arrays)


def _npz(data):
    _used("t.npz", data, "npz", label="y")


# Records.


def shard(records):
    """The bytes of a TFRecord file."""
    with tf.io.TFRecordWriter("shard") as writer:
        for record in records:
            writer.write(record)
    return pathlib.Path("shard").read_bytes()


def _sound_records():
    return [example(a=[float(i), 0.5], b=i, label=i % 2) for i in range(ROWS)]


_VALUES = st.one_of(
    st.none(),
    st.sampled_from([0, -1, 2**62, 0.5, float("nan"), float("inf"), b"", b"\xff", [1, 2], [0.5]]),
    st.lists(st.integers(0, 3), max_size=4),
)


@st.composite
def _changing_records(draw):
    """Records whose fields are missing, or change their type or length, beyond the first ones."""
    count = draw(st.sampled_from([ROWS, 100]))
    rows = [{"a": [float(i), 0.5], "b": i, "label": i % 2} for i in range(count)]
    for _ in range(draw(st.integers(1, 3))):
        row, key = draw(st.sampled_from(rows)), draw(st.sampled_from(["a", "b", "label", "new"]))
        row.pop(key, None)
        if draw(st.booleans()):
            row[key] = draw(_VALUES)
    records = [example(**row) for row in rows]
    if draw(st.booleans()):
        records[draw(st.integers(0, count - 1))] = draw(st.binary(max_size=8))
    return shard(records)


@st.composite
def _compressed(draw):
    data = shard(_sound_records())
    pack = draw(st.sampled_from([gzip.compress, zlib.compress]))
    return draw(damaged([pack(draw(damaged([data]))), pack(data)]))


def _tfrecord(data):
    _used("t.tfrecord", data, "tfrecord", label="label", max_bad_examples="50%")


# Images.


def _image_files():
    pixels = picture(0, 12, 10)
    return [
        jpeg(pixels), jpeg(pixels, 6), tf.io.encode_png(pixels).numpy(), bmp(pixels),
        tf.io.encode_png(pixels[..., :1]).numpy(), grey_bmp(), GIF, oversize_jpeg(),
        tf.io.encode_png(np.concatenate([pixels, pixels[..., :1]], -1)).numpy(),
    ]  # fmt: skip


def grey_bmp(height=4, width=4, bits=8):
    """A BMP with a colour table."""
    table = b"".join(bytes([i, i, i, 0]) for i in range(256))
    header = struct.pack("<2sIHHI", b"BM", 54 + len(table) + 16, 0, 0, 54 + len(table))
    about = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 16, 0, 0, 256, 0)
    return header + about + table + bytes(range(16))


# Two frames of 2x2 pixels.
GIF = bytes.fromhex(
    "47494638396102000200800000ff0000ffffff21f90400000000002c0000000002000200000202840a003b"
).replace(b"\x3b", bytes.fromhex("2c0000000002000200000202840a003b"))


def _image(data):
    pathlib.Path("image").write_bytes(data)
    assert reason("image", (8, 8), 3)
    shape_of(data)


def _folder(data):
    """A class folder one of whose images is damaged."""
    for name in ("cat", "dog"):
        pathlib.Path("images", name).mkdir(parents=True, exist_ok=True)
        for i in range(8):
            file = pathlib.Path("images", name, f"{i}.png")
            file.write_bytes(tf.io.encode_png(picture(i, 8, 8)).numpy())
    pathlib.Path("images/cat/3.png").write_bytes(data)
    use("folder:images", max_bad_examples="2")


# What tf.Examples hold, without a file around it.


def _misfit(record):
    reason = misfit(record, ())
    if reason:
        raise DataError(reason)


FAMILIES = {
    "jsonl, damaged": (lambda: damaged([_LINES]), _jsonl),
    "jsonl, changing types": (_json_lines, _jsonl),
    "parquet, damaged": (lambda: damaged(_PARQUET), _parquet),
    "parquet, types": (_arrow_tables, _parquet),
    "npz, damaged": (lambda: damaged(_NPZ), _npz),
    "npz, types and shapes": (_npz_of_types, _npz),
    "tfrecord, damaged": (lambda: damaged([shard(_sound_records())]), _tfrecord),
    "tfrecord, changing fields": (_changing_records, _tfrecord),
    "tfrecord, compressed": (_compressed, _tfrecord),
    "tf.Example, damaged": (lambda: damaged(_sound_records()), _misfit),
    "images, damaged": (lambda: damaged(_image_files()), _image),
    "images in a folder, damaged": (lambda: damaged(_image_files()), _folder),
}


DEAR = ("images in a folder, damaged",)  # seconds a case


def main(name, count, folder):
    """Runs a family here; the case that is tried is kept in the folder."""
    strategy, body = FAMILIES[name]
    last = pathlib.Path(folder, "case")

    def kept(case):
        last.write_bytes(case)
        body(case)

    running.run(name, strategy(), kept, int(count))
    print(f"{name}: {running.EXECUTIONS[name]} cases, {running.REFUSED[name]} refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
