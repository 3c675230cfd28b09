"""Only regular files are opened: a pipe would be waited for, a device never ends."""

import os
import pathlib

import pytest

from tfapp.runtime.regular_files import NotRegular, check_regular, open_regular


def test_a_file_and_a_link_to_one(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        check_regular(tmp_path / name)
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_or_device_is_refused_at_once(tmp_path, make):
    make(tmp_path / "file")
    for function in (open_regular, check_regular):
        with pytest.raises(NotRegular, match="is no regular file") as caught:
            function(tmp_path / "file")
        assert caught.value.filename == str(tmp_path / "file")


def test_what_the_system_refuses(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    os.symlink("loop", tmp_path / "loop")
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "loop")


def test_no_descriptor_is_left(tmp_path):
    os.mkfifo(tmp_path / "file")
    before = len(list(pathlib.Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(NotRegular):
            open_regular(tmp_path / "file")
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == before
