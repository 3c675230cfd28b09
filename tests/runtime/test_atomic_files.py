"""A file appears whole or not at all."""

import os

import pytest

from tfapp.runtime import atomic_files


def test_replaces(tmp_path):
    for text in ("one", "zwei ß"):
        atomic_files.write_text(tmp_path / "file", text)
        assert (tmp_path / "file").read_text(encoding="utf-8") == text
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch, step):
    atomic_files.write_text(tmp_path / "file", "old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        atomic_files.write_text(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
