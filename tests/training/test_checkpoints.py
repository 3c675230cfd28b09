"""Checkpoints appear whole or not at all; a damaged one is never used."""

import dataclasses
import json
import os
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfapp.errors import DataError, StorageError
from tfapp.training import manifest
from tfapp.training.checkpoints import Checkpoints
from tfapp.training.state import HostState, TrainState


def make_state(width=3):
    model = keras.Sequential([keras.layers.Dense(width)])
    model.build((None, 2))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    return TrainState(model, optimizer, tf.distribute.get_strategy())


@pytest.fixture
def state():
    return make_state()


@pytest.fixture
def checkpoints(tmp_path, state):
    return Checkpoints(tmp_path / "checkpoints", state, keep=3)


def fill(state, value):
    """Every variable gets `value`, and so does the step."""
    for variable in state.named_variables().values():
        variable.assign(tf.cast(tf.fill(variable.shape, value), variable.dtype))
    state.host.step = value


def save_steps(checkpoints, state, *steps):
    for step in steps:
        fill(state, step)
        checkpoints.save()


def test_everything_comes_back(checkpoints, state):
    fill(state, 7)
    state.host.best_value, state.host.best_step = 0.1 + 0.2, 5
    state.host.window = {"loss": 1 / 3, "count": 96.0}
    state.host.evaluations_without_improvement = 2
    state.host.last_train = {"loss": 1e-7, "accuracy": 0.5}
    checkpoints.save()
    kept = state.host.to_json()
    fill(state, 0)
    assert checkpoints.restore_latest() == 7
    assert state.host.to_json() == kept
    assert all((v.numpy() == 7).all() for v in state.named_variables().values())


def test_large_variables_are_read_one_by_one(checkpoints, state, monkeypatch):
    save_steps(checkpoints, state, 7)
    read, whole = [], tf.train.Checkpoint

    def some(variables):
        read.append(list(variables))
        return whole(variables=variables)

    monkeypatch.setattr("tfapp.training.checkpoints._READ_BYTES", 24)  # of the largest
    fill(state, 0)
    monkeypatch.setattr(tf.train, "Checkpoint", some)
    assert checkpoints.restore_latest() == 7
    assert len(read) > 2
    assert sorted(name for part in read for name in part) == sorted(state.named_variables())
    assert all((v.numpy() == 7).all() for v in state.named_variables().values())


def test_none_at_all(checkpoints):
    assert checkpoints.steps() == []
    assert checkpoints.restore_latest() is None


def test_the_latest_and_the_best_stay(checkpoints, state):
    state.host.best_step = 2
    save_steps(checkpoints, state, 1, 2, 3, 4, 5, 6)
    assert checkpoints.steps() == [2, 4, 5, 6]


def test_folders_with_other_names_are_no_checkpoints(checkpoints, state, tmp_path):
    save_steps(checkpoints, state, 1, 2)
    for name in ("step-0000000²", "step-٠٠٠٠٠٠٠٣", "step-0000000003", "step-3", "step-" + "9" * 30):
        (tmp_path / "checkpoints" / name).mkdir()
    assert checkpoints.steps() == [1, 2]
    assert checkpoints.restore_latest() == 2


def truncate(folder, name="variables.data-00000-of-00001"):
    size = (folder / name).stat().st_size
    os.truncate(folder / name, size // 2)


def flip_a_bit(folder, name="variables.data-00000-of-00001"):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 4
    (folder / name).write_bytes(data)


def edit(folder, host=None, **changes):
    """Changes numbers in the manifest, as a hand or a bit would: it stays sound JSON."""
    values = json.loads((folder / "manifest.json").read_text())
    values["host"].update(host or {})
    values.update(changes)
    values = {name: value for name, value in values.items() if value is not None}
    (folder / "manifest.json").write_text(json.dumps(values))


def make_old(folder, host=None):
    """The manifest as tfapp 0.1.0 wrote it, without last_train, changed by `host`."""
    values = json.loads((folder / "manifest.json").read_text())
    del values["host"]["last_train"]
    old = {"host": {**values["host"], **(host or {})}, "files": values["files"]}
    (folder / "manifest.json").write_text(json.dumps(old, indent=1))


DAMAGE = {
    "data truncated": truncate,
    "bit flipped in data": flip_a_bit,
    "bit flipped in index": lambda folder: flip_a_bit(folder, "variables.index"),
    "data missing": lambda folder: (folder / "variables.data-00000-of-00001").unlink(),
    "index missing": lambda folder: (folder / "variables.index").unlink(),
    "manifest missing": lambda folder: (folder / "manifest.json").unlink(),
    "manifest truncated": lambda folder: truncate(folder, "manifest.json"),
    "manifest not text": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\x00"),
    "manifest of another kind": lambda folder: (folder / "manifest.json").write_text("[1]"),
    "manifest with unknown numbers": lambda folder: (folder / "manifest.json").write_text(
        json.dumps({"host": {"stepp": 1}, "files": {}})
    ),
    "manifest with another step": lambda folder: edit(folder, {"step": 7}),
    "manifest with another number": lambda folder: edit(folder, {"best_value": 7.0}),
    "manifest with other files": lambda folder: edit(folder, files={}),
    "manifest without its checksum": lambda folder: edit(folder, sha256=None),
    "manifest with a version that is none": lambda folder: edit(folder, version="2"),
    "old manifest with another step": lambda folder: make_old(folder, {"step": 7}),
    "old manifest with unknown numbers": lambda folder: make_old(folder, {"stepp": 7}),
    "another step's folder": lambda folder: [
        shutil.rmtree(folder),
        shutil.copytree(folder.with_name("step-00000001"), folder),
    ],
    "empty folder": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_one_is_reported_and_the_one_before_it_used(
    checkpoints, state, tmp_path, caplog, damage
):
    save_steps(checkpoints, state, 1, 2)
    damage(tmp_path / "checkpoints" / "step-00000002")
    fill(state, 9)
    assert checkpoints.restore_latest() == 1
    assert state.host.step == 1
    assert all((v.numpy() == 1).all() for v in state.named_variables().values())
    assert "step-00000002" in caplog.text
    assert "trying the one before it" in caplog.text


OLD_RUNS = ROOT / "tests" / "old_runs" / "0.1.0"


@pytest.mark.parametrize("folder", sorted(OLD_RUNS.glob("*/checkpoints/step-*")), ids=str)
def test_manifests_of_0_1_0_are_read(folder):
    host = manifest.read(folder, int(folder.name.removeprefix("step-")))
    assert host.train_seconds > 0
    assert host.last_train == {}  # a field that 0.1.0 had not
    with pytest.raises(DataError, match="is damaged"):
        manifest.read(folder, host.step + 1)


def test_a_manifest_of_0_1_0_can_be_continued(checkpoints, state, tmp_path):
    save_steps(checkpoints, state, 1)
    make_old(tmp_path / "checkpoints" / "step-00000001")
    fill(state, 9)
    assert checkpoints.restore_latest() == 1
    save_steps(checkpoints, state, 2)
    assert checkpoints.restore_latest() == 2


@dataclasses.dataclass
class NewerHost(HostState):
    """A HostState with a field that this tfapp does not know."""

    temperature: float = 36.6


@pytest.mark.parametrize("newer", ["version", "field"])
def test_what_a_newer_tfapp_wrote_is_refused_and_not_passed_over(
    checkpoints, state, monkeypatch, newer
):
    """The one before it would be an older state of a run that is in order."""
    save_steps(checkpoints, state, 1)
    with monkeypatch.context() as patch:
        if newer == "version":
            patch.setattr(manifest, "VERSION", manifest.VERSION + 1)
        else:
            state.host = NewerHost()
        save_steps(checkpoints, state, 2)
    with pytest.raises(DataError, match="step-00000002: was written by a newer tfapp") as caught:
        checkpoints.restore_latest()
    assert "\n" not in str(caught.value)


def test_none_readable_is_an_error_and_not_a_new_start(checkpoints, state, tmp_path):
    save_steps(checkpoints, state, 1, 2)
    for path in (tmp_path / "checkpoints").iterdir():
        truncate(path)
    with pytest.raises(DataError, match="none of the 2 checkpoints can be read"):
        checkpoints.restore_latest()


def test_training_on_replaces_a_damaged_one(checkpoints, state, tmp_path):
    """The run comes past the damaged step again: what it saves then must be readable."""
    save_steps(checkpoints, state, 1, 2)
    truncate(tmp_path / "checkpoints" / "step-00000002")
    assert checkpoints.restore_latest() == 1
    save_steps(checkpoints, state, 2)
    fill(state, 9)
    assert checkpoints.restore_latest() == 2


def test_another_model_is_refused(checkpoints, state, tmp_path):
    save_steps(checkpoints, state, 1)
    other = Checkpoints(tmp_path / "checkpoints", make_state(width=4), keep=3)
    with pytest.raises(DataError, match="does not fit this model"):
        other.restore(1)


@pytest.mark.parametrize("moment", ["write", "rename"])
def test_a_full_disk_leaves_the_older_ones(checkpoints, state, monkeypatch, tmp_path, moment):
    save_steps(checkpoints, state, 1)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    target = {"write": (manifest, "write_text"), "rename": (os, "rename")}[moment]
    monkeypatch.setattr(*target, full)
    fill(state, 2)
    with pytest.raises(StorageError, match="checkpoint of step 2 could not be written: the disk"):
        checkpoints.save()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000001"]
    assert checkpoints.restore_latest() == 1


def test_a_half_written_one_is_not_seen_and_goes_away(checkpoints, state, tmp_path):
    save_steps(checkpoints, state, 1)
    half = tmp_path / "checkpoints" / "unfinished-00000002"
    shutil.copytree(tmp_path / "checkpoints" / "step-00000001", half)
    assert checkpoints.steps() == [1]
    save_steps(checkpoints, state, 3)
    assert not half.exists()


def test_names_are_those_of_the_model(state):
    names = list(state.named_variables())
    assert len(set(names)) == len(names) == len(tf.nest.flatten(state.read()))
    assert np.shape(state.read()["trainable"][0]) == (2, 3)
