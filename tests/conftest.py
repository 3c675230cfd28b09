"""What all tests share: strictness, four CPU devices, and folders of their own.

Warnings are errors (setup.cfg). TensorFlow is set up once, before anything initialises it: the CPU
is split into four devices, so that tests can ask for 1, 2 or 4 replicas in one process.
"""

import logging
import os
import pathlib
import subprocess
import sys
import typing

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the same tests on machines with a GPU

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp import cli, flags
from tfapp.data.sources import tfds
from tfapp.experiment.assemble import assemble
from tfapp.run_folder import open_run_folder
from tfapp.runtime import process_clock
from tfapp.seed_recipe import SEED

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGICAL_DEVICES = 4
HANG_SECONDS = 600  # only a hang takes this long, even on a busy machine


def pytest_configure(config):
    del config
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * LOGICAL_DEVICES,
    )
    tf.get_logger().setLevel("ERROR")  # it warns of retracing: tests build many loops
    assert len(tf.config.list_logical_devices("CPU")) == LOGICAL_DEVICES


@pytest.fixture(scope="session", autouse=True)
def tfds_folder(tmp_path_factory):
    """Where TFDS prepares data sets, in this process and in its children."""
    folder = tmp_path_factory.mktemp("tfds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """Measured choices and compiled programs of the tests stay out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def read_once():
    """Reads each TFDS split once: most tests begin with the digits, which take 0.3 s to read."""
    read, kept = tfds._read, {}

    def read_or_remember(builder, split, keys):
        key = (str(builder.data_path), split, keys)
        if key not in kept:
            kept[key] = read(builder, split, keys)
            for array in kept[key].values():
                array.flags.writeable = False
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tfds, "_read", read_or_remember)
        yield


@pytest.fixture(autouse=True)
def clean_process(tmp_path, monkeypatch):
    """Each test in a working directory of its own; sys.path and logging as they were before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    root, package = logging.getLogger(), logging.getLogger("tfapp")
    handlers, levels = list(root.handlers), (root.level, package.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    package.setLevel(levels[1])


@pytest.fixture
def test_data():
    """The folder with data sets that are too large for the repository; skips if there is none."""
    folder = os.environ.get("TFAPP_TEST_DATA", "")
    if not os.path.isdir(folder):
        pytest.skip("TFAPP_TEST_DATA names no folder")
    return pathlib.Path(folder)


@pytest.fixture
def make_config(tmp_path):
    """make_config(**changes): a Config of a short run on digits, in a folder of its own.

    Its recipe is the seed's, whatever the data and the model: auto has tests of its own.
    """
    recipe = {name: value for name, value in SEED.items() if name != "model"}

    def make(**changes):
        defaults = {"model_dir": str(tmp_path / "run"), "steps": 20, "export": ("none",)}
        return tfapp.Config(**{**recipe, **defaults, **changes})

    return make


@pytest.fixture
def make_experiment(make_config, tmp_path):
    """make_experiment(**changes): an Experiment, built as a training run builds it."""
    folders = []

    def make(**changes):
        config = make_config(model_dir=str(tmp_path / f"built-{len(folders)}"), **changes)
        folders.append(open_run_folder(**flags.folder_arguments(config)))
        return assemble(config, folders[-1])

    yield make
    for folder in folders:
        folder.close()


@pytest.fixture
def save_npz(tmp_path):
    """save_npz(**arrays): an .npz file; without arrays, 60 rows of 4 numbers in 3 classes."""

    def save(name="data.npz", **arrays):
        if not arrays:
            arrays = {
                "x": np.linspace(-1, 1, 240, dtype=np.float32).reshape(60, 4),
                "y": np.arange(60) % 3,
            }
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return save


class Outcome(typing.NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_cli(capsys):
    """run_cli(*flags): the `Outcome` of the command line, run in this process for speed."""

    def run(*flags):
        capsys.readouterr()
        process_clock.begin_run()
        code = cli.main(["main.py", *map(str, flags)])
        return Outcome(code, *capsys.readouterr())

    return run


def start_main(folder, *flags, stderr=subprocess.PIPE, environment=None):
    """main.py in a process of its own that works in `folder`, as a user starts it; a Popen.

    `environment`: variables to set in addition.
    """
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *map(str, flags)],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
        | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def outcome(process):
    """The `Outcome` of a process, at its end."""
    out, err = process.communicate(timeout=HANG_SECONDS)
    return Outcome(process.returncode, out, err)


@pytest.fixture
def spawn_main(tmp_path):
    """spawn_main(*flags): main.py in a process of its own, as a user starts it; a Popen."""
    started = []

    def spawn(*flags):
        process = start_main(tmp_path, *flags)
        started.append(process)
        return process

    yield spawn
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run_main(spawn_main):
    """run_main(*flags): the `Outcome` of main.py in a process of its own."""

    def run(*flags):
        return outcome(spawn_main(*flags))

    return run


@pytest.fixture(scope="session")
def trained_run(tfds_folder, tmp_path_factory):
    """The Result of a finished run on digits with an export; tests only read it."""
    del tfds_folder  # only has to exist
    folder = tmp_path_factory.mktemp("trained") / "run"
    return tfapp.run(tfapp.Config(model_dir=str(folder), epochs=5))
