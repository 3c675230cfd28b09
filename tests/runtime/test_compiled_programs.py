"""Damaged programs in XLA's cache are removed before TensorFlow would read them."""

import os

import pytest

from tfapp.runtime.compiled_programs import remove_damaged

ENTRY = b"\x0a\x03key" + b"\x12\x02hl" + b"\x1a\x80\x01" + b"p" * 128


@pytest.fixture
def programs(tmp_path):
    for name in ("a.pb", "b.pb"):
        (tmp_path / name).write_bytes(ENTRY)
    return tmp_path


def left(folder):
    remove_damaged(folder)
    return sorted(name for name in os.listdir(folder) if name.endswith(".pb"))


def test_sound_ones_stay(programs):
    for _ in range(2):
        assert left(programs) == ["a.pb", "b.pb"]


@pytest.mark.parametrize(
    "content",
    [b"", ENTRY[:-1], ENTRY[:4], ENTRY + b"\x0a", b"x" * 100, b"\xff" * 100, b"\x0a\x03key", b"{}",
     b"\x1a\x01p", b"\x00" * 50],
)  # fmt: skip
def test_what_is_no_entry_goes(programs, content):
    (programs / "a.pb").write_bytes(content)
    assert left(programs) == ["b.pb"]


def test_one_that_changed_since_an_earlier_start_goes(programs):
    left(programs)
    (programs / "a.pb").write_bytes(ENTRY[:-1] + b"q")
    assert left(programs) == ["b.pb"]
    (programs / "a.pb").write_bytes(ENTRY[:-1] + b"q")  # compiled again
    assert left(programs) == ["a.pb", "b.pb"]


@pytest.mark.parametrize("content", [b"null", b'{"a.pb": "x"}', b"\xff", b""])
def test_sums_that_are_damaged_are_none(programs, content):
    left(programs)
    (programs / "sums.json").write_bytes(content)
    assert left(programs) == ["a.pb", "b.pb"]


def test_a_pipe_is_no_program(programs):
    os.mkfifo(programs / "c.pb")
    assert left(programs) == ["a.pb", "b.pb"]
