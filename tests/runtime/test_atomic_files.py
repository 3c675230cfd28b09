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


def test_a_new_file_replaces_nothing(tmp_path, monkeypatch):
    atomic_files.write_new(tmp_path / "file", b"one")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            atomic_files.write_new(tmp_path / name, b"two")
    assert (tmp_path / "file").read_bytes() == b"one"
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]
    monkeypatch.setattr(os, "link", _no_links)
    with pytest.raises(FileExistsError):
        atomic_files.write_new(tmp_path / "file", b"two")
    atomic_files.write_new(tmp_path / "other", b"three")
    assert (tmp_path / "other").read_bytes() == b"three"
    assert sorted(os.listdir(tmp_path)) == ["file", "link", "other"]


def _no_links(*args):
    raise OSError(95, "Operation not supported")
