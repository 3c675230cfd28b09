"""Processes that start together prepare a data set once: one does, the others wait, none fails."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import HANG_SECONDS, ROOT
from tests.image_files import make_folder
from tests.tf_examples import example

START = ("--steps=2", "--export=none", "--xla=off", "--precision=float32")
COUNT = 3


def start(tmp_path, number, *flags):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), f"--model_dir=run-{number}", *START, *flags],
        cwd=tmp_path,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "TFDS_DATA_DIR": str(tmp_path / "tfds"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_records(tmp_path):
    """A compressed TFRecord file, large enough that others come while it is decompressed."""
    with tf.io.TFRecordWriter(str(tmp_path / "plain")) as writer:
        for i in range(2000):
            values = np.random.default_rng(i).normal(size=200)
            writer.write(example(x=values, label=i % 3))
    packed = gzip.compress((tmp_path / "plain").read_bytes())
    (tmp_path / "t.tfrecord.gz").write_bytes(packed)
    return "--dataset=tfrecord:t.tfrecord.gz"


DATA = {
    "TFDS": lambda tmp_path: "--dataset=digits",
    "compressed records": write_records,
    "a folder": lambda tmp_path: f"--dataset=folder:{make_folder(tmp_path / 'images')}",
}


@pytest.mark.slow
@pytest.mark.parametrize("data", DATA)
def test_three_processes_with_one_fresh_data_set(tmp_path, data):
    flag = DATA[data](tmp_path)
    processes = [start(tmp_path, number, flag, "--batch_size=8") for number in range(COUNT)]
    outcomes = [process.communicate(timeout=HANG_SECONDS) for process in processes]
    for process, (_, err) in zip(processes, outcomes, strict=True):
        assert process.returncode == 0, err
    logs = "".join(err for _, err in outcomes)
    if data == "TFDS":
        assert logs.count("data: preparing digits") == 1
    if data == "compressed records":
        assert logs.count("written out once") == 1


@pytest.mark.slow
def test_a_process_takes_over_from_one_that_is_killed(tmp_path):
    """Whatever the first one has left half-done."""
    first = start(tmp_path, 0, "--dataset=digits")
    for line in first.stderr:
        if "data: preparing digits" in line:
            break
    second = start(tmp_path, 1, "--dataset=digits")
    first.kill()
    first.communicate()
    out, err = second.communicate(timeout=HANG_SECONDS)
    assert second.returncode == 0, err
    assert out
