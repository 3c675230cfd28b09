"""Archives of arrays: what their headers claim is compared with what is there."""

import io
import struct
import zipfile

import numpy as np
import pytest

from tfapp.runtime import npz_files
from tfapp.runtime.npz_files import BadArchive, read_arrays

ARRAYS = {"x": np.arange(12, dtype=np.float32).reshape(3, 4), "y": np.array(["a", "bc", ""])}


def archive(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def npy(shape, dtype="<f4", data=b"", order=False):
    header = f"{{'descr': {dtype!r}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + data


def read(data):
    return read_arrays(io.BytesIO(data))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves(save):
    arrays = {
        **ARRAYS, "empty": np.zeros((0, 3)), "scalar": np.array(5), "order": np.asfortranarray(
            ARRAYS["x"]), "big": np.arange(3, dtype=">i4"), "zeros": np.zeros(500_000),
    }  # fmt: skip
    out = io.BytesIO()
    save(out, **arrays)
    found = read(out.getvalue())
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize(
    "members, message",
    [
        ([("x.npy", npy((10**12,)))], r"claims the shape \(1000000000000,\) of float32, and 0 b"),
        ([("x.npy", npy((2**40, 2**40)))], "claims the shape"),
        ([("x.npy", npy((-1,), data=bytes(4)))], "claims the shape"),
        ([("x.npy", npy((3,), data=bytes(8)))], "and 8 bytes are there"),
        ([("x.npy", npy((10**15,), "<U0"))], "claims the shape"),
        ([("x.npy", npy((1,), "|O", b"\x80\x04N."))], "holds Python objects"),
        ([("x.npy", npy((1,), [("a", "<i4")], bytes(4)))], "values have fields"),
        ([("x.npy", b"\x93NUMPY\x09\x00" + bytes(50))], "in a form that numpy.savez does not"),
        ([("x.npy", b"no array")], "is unreadable as .npz"),
        ([("x.npy", b"")], "is unreadable as .npz"),
        ([("README.txt", b"hello")], "holds 'README.txt', which is no array"),
        ([(".npy", npy(()))], "which is no array"),
        ([], "holds no arrays"),
    ],
)
def test_what_is_refused(members, message):
    with pytest.raises(BadArchive, match=message):
        read(archive(members))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"x" * 100, b"\x93NUMPY\x01\x00" + b"x" * 50])
def test_what_is_no_archive(data):
    with pytest.raises(BadArchive):
        read(data)


def with_claims(data, **claims):
    """The archive with other numbers in its central directory."""
    places = {"compressed": 20, "size": 24}
    at = data.rindex(b"PK\x01\x02")
    for name, value in claims.items():
        begin = at + places[name]
        data = data[:begin] + struct.pack("<I", value) + data[begin + 4 :]
    return data


def test_a_directory_that_claims_too_much():
    deflated = archive([("x.npy", npy((4,), data=bytes(16)))], zipfile.ZIP_DEFLATED)
    with pytest.raises(BadArchive, match="claims 4 GB in"):
        read(with_claims(deflated, size=4_000_000_000))
    with pytest.raises(BadArchive, match="claim more than its"):
        read(with_claims(deflated, size=4_000_000_000, compressed=4_000_000_000))


def test_more_than_there_is_memory_for(monkeypatch):
    out = io.BytesIO()
    np.savez_compressed(out, x=np.zeros(1_000_000))
    monkeypatch.setattr(npz_files, "memory_available", lambda: 4_000_000)
    with pytest.raises(BadArchive, match="takes 8 MB of memory, and 4 MB are available"):
        read(out.getvalue())


def test_a_name_that_occurs_twice():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = archive([("x.npy", npy((1,), data=bytes(4)))] * 2)
    with pytest.raises(BadArchive, match=r"holds 'x\.npy' twice"):
        read(data)
