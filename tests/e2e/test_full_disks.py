"""Disks that fill up, wherever tfapp writes: exit code 6, and a line that names the path."""

import errno
import os
import subprocess
import sys

import pytest

from tests.conftest import HANG_SECONDS, ROOT, Outcome
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.errors import StorageError

MOUNT = 'mkdir full && mount -t tmpfs -o "size=$1" none full && shift && exec "$@"'
START = ("--steps=3", "--xla=off", "--precision=float32")


@pytest.fixture
def run_with_small_disk(tmp_path):
    """run(size, *flags, **environment): main.py, where the folder `full` is a disk of that size."""
    probe = ["unshare", "-rm", "sh", "-c", MOUNT, "sh", "1m", "true"]
    try:
        done = subprocess.run(probe, cwd=tmp_path, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if done.returncode:
        pytest.skip("this user may not mount")
    (tmp_path / "full").rmdir()

    def run(size, *flags, **environment):
        main = (sys.executable, str(ROOT / "main.py"), *START, *flags)
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", MOUNT, "sh", size, *main],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        (tmp_path / "full").rmdir()
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


CASES = {
    "the run's folder": ("4k", ("--model_dir=full/run", "--export=none"), {}, "full/run"),
    "checkpoints": ("150k", ("--model_dir=full/run", "--export=none"), {}, "full/run"),
    "the export": ("500k", ("--model_dir=full/run",), {}, "full/run"),
    "TFDS": ("60k", ("--data_dir=full/tfds", "--export=none"), {}, "--data_dir=full/tfds"),
    "temporary files": ("16k", (), {"TMPDIR": "full"}, "TMPDIR"),
    "records of metrics": (
        "700k",
        ("--model_dir=full/run", "--export=none", "--steps=3000", "--log_every=1",
         "--checkpoint_every=1000000", "--evaluate_every=1000000"),
        {}, "full/run",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_disk_that_is_full(run_with_small_disk, case):
    size, flags, environment, named = CASES[case]
    done = run_with_small_disk(size, *flags, **environment)
    last = done.err.splitlines()[-1]
    assert done.code == 6, done.err
    assert "the disk is full" in last
    assert " are free)" in last
    assert named in last


@pytest.mark.slow
def test_a_full_cache_costs_only_time(run_with_small_disk):
    done = run_with_small_disk("16k", "--export=none", "--xla=step", XDG_CACHE_HOME="full")
    assert done.code == 0, done.err


def test_a_list_of_bad_examples_that_cannot_be_written(tmp_path, monkeypatch):
    bad = BadExamples("5")
    bad.keep_in(tmp_path)

    def full(path, *arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(StorageError, match=r"bad_examples\.jsonl: the disk is full"):
        bad.skip("a.png", "is empty")
    monkeypatch.undo()
    with pytest.raises(StorageError), bad.reporting():
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "as TensorFlow raises it")
