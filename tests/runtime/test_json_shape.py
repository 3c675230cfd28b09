"""Schemas of tfapp's own JSON files, and their reading."""

import os

import pytest

from tfapp.runtime import json_files
from tfapp.runtime.json_shape import ANY, NUMBERS, Each, Maybe, check

ENTRY = {"name": str, "sizes": [int], "more": Maybe(Each(float))}


@pytest.mark.parametrize(
    "value, shape",
    [
        (1, int), (1, float), (0.5, float), (float("nan"), float), ("x", str), (True, bool),
        (None, None), (None, (int, None)), (3, (int, None)), ({}, {}), ({"a": 1}, Each(int)),
        ([], [int]), ([1, 2], [int]), ("a", frozenset("ab")), (object(), ANY), (1, NUMBERS),
        ([[1, 2.5], []], NUMBERS), ({"name": "x", "sizes": []}, ENTRY),
        ({"name": "x", "sizes": [1], "more": {"y": 1}, "others": None}, ENTRY),
    ],
)  # fmt: skip
def test_right(value, shape):
    check(value, shape)


@pytest.mark.parametrize(
    "value, shape, message",
    [
        (True, int, "its value is 'True', not an integer"),
        (True, float, "not a number"),
        (1.0, int, "not an integer"),
        (10**30, int, "not an integer"),
        (10**400, float, "not a number"),
        (1, str, "not a string"),
        (0, None, "not null"),
        ("1", (int, None), "not an integer"),
        ("c", frozenset("ab"), "not one of a, b"),
        (["a"], frozenset("ab"), "not one of a, b"),
        ({}, [int], "not a list"),
        ([], Each(int), "not an object"),
        ([1, "x"], [int], "its value, item 1 is 'x'"),
        ([[1, "x"]], NUMBERS, "item 0, item 1"),
        ({"a": {"b": "x"}}, Each(Each(int)), "its value, 'a', 'b' is 'x'"),
        ({"sizes": []}, ENTRY, "its value has no 'name'"),
        ({"name": "x", "sizes": [], "more": {"y": "z"}}, ENTRY, "'more', 'y' is 'z'"),
        (None, ENTRY, "not an object"),
    ],
)
def test_wrong(value, shape, message):
    with pytest.raises(ValueError, match=message):
        check(value, shape)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b"[" * 100_000, "is nested too deep"),
        (b'{"a": ' * 100_000, "is nested too deep"),
        (b"1" + b"0" * 5000, "digits"),
        (b"[]", "not an object"),
    ],
)
def test_damaged_files(tmp_path, content, reason):
    (tmp_path / "file.json").write_bytes(content)
    with pytest.raises(json_files.Damaged, match=reason):
        json_files.read(tmp_path / "file.json", {})


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        json_files.read(tmp_path / "none.json", {})
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(OSError, match="is no regular file"):
        json_files.read(tmp_path / "pipe.json", {})
