"""Disks that cannot be written: one line with the path, what is wrong, and how much is free."""

import errno
import os

import pytest
import tensorflow as tf

from tfapp.errors import DataError, StorageError
from tfapp.runtime import storage


def raising(error, cause=None):
    def function():
        raise error from cause

    return function


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "error, cause, words",
    [
        (FULL, None, "the disk is full"),
        (OSError(errno.EDQUOT, "x"), None, "the quota is used up"),
        (OSError(errno.EROFS, "x"), None, "the file system is read-only"),
        (PermissionError(errno.EACCES, "x"), None, "permission denied"),
        (RuntimeError("writer failed"), FULL, "the disk is full"),
        (tf.errors.ResourceExhaustedError(None, None, "a/b; No space left on device"), None,
         "the disk is full"),
        (RuntimeError("DATA_LOSS: Disk quota exceeded"), None, "the quota is used up"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), None,
         "the disk is full"),
    ],
)  # fmt: skip
def test_what_says_that_a_disk_cannot_be_written(tmp_path, error, cause, words):
    with (
        pytest.raises(StorageError, match=rf"--data_dir=.*{tmp_path.name}.*: .*{words}.*; name o"),
        storage.writing(tmp_path / "not" / "there", flag="data_dir", remedy="name others"),
    ):
        raising(error, cause)()


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "x"), KeyError("x"), OSError()])
def test_other_errors_stay_what_they_are(tmp_path, error):
    with pytest.raises(type(error)), storage.writing(tmp_path):
        raising(error)()


def test_an_error_that_has_words_already_keeps_them(tmp_path):
    with pytest.raises(DataError, match="its own words"), storage.writing(tmp_path):
        raising(DataError("its own words"), FULL)()


def test_the_file_that_the_system_names(tmp_path):
    with pytest.raises(StorageError, match=r"^somewhere: the disk"), storage.writing(tmp_path):
        raising(OSError(errno.ENOSPC, "x", "somewhere"))()


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path):
    assert " are free)" in storage.free_space(tmp_path / "not" / "there")


@pytest.mark.parametrize(
    "size, words", [(0, "0 bytes"), (999, "999 bytes"), (4096, "4.1 kB"), (5 * 10**10, "50 GB")]
)
def test_sizes(size, words):
    assert storage.in_words(size) == words
