"""A run's folder: its lock, the configuration it is bound to, and how one is chosen."""

import os
import pathlib

import pytest

import tfapp
from tests.kills import Killed, kill_at
from tfapp import flags, run_folder
from tfapp.errors import DataError, StorageError, UsageError


@pytest.fixture
def open_folder():
    """open_folder(**changes): opens a run's folder, and closes it after the test."""
    opened = []

    def open_(**changes):
        config = tfapp.Config(**changes)
        folder = run_folder.open_run_folder(**flags.folder_arguments(config))
        opened.append(folder)
        return folder

    yield open_
    for folder in opened:
        folder.close()


def test_default_names_count_up(open_folder):
    names = []
    for _ in range(3):
        folder = open_folder()
        folder.write_json("summary.json", {"status": "done"})
        folder.close()
        names.append(str(folder.path))
    assert names == ["runs/digits-mlp-1", "runs/digits-mlp-2", "runs/digits-mlp-3"]


@pytest.mark.parametrize(
    "changes, name",
    [
        ({"dataset": "npz:/data/my file.npz"}, "my_file.npz-1"),
        ({"dataset": "my.module:load", "model": "my.module:Net"}, "load-Net-1"),
        ({"dataset": "tfds:mnist:3.0.1"}, "3.0.1-1"),
    ],
)
def test_default_names_hold_data_set_and_model(open_folder, changes, name):
    assert open_folder(**changes).path == pathlib.Path("runs") / name


def test_folders_with_other_names_are_not_counted(open_folder):
    for name in ("²", "٣", "07", "x", "9" * 30):
        os.makedirs(f"runs/digits-mlp-{name}")
    assert open_folder().path == pathlib.Path("runs/digits-mlp-1")


@pytest.mark.parametrize("status", [None, "stopped", "diverged"])
def test_an_interrupted_run_is_found_again(open_folder, status):
    first = open_folder()
    if status:
        first.write_json("summary.json", {"status": status})
    first.close()
    assert open_folder().path == first.path


def test_an_interrupted_run_is_found_without_its_lock_file(open_folder):
    first = open_folder()
    first.close()
    (first.path / ".lock").unlink()  # as in a copy of the folder
    assert open_folder().path == first.path


def test_a_run_with_other_flags_is_not_taken_for_it(open_folder):
    first = open_folder()
    first.close()
    other = open_folder(keep=4)
    other.close()
    assert other.path != first.path
    assert open_folder().path == first.path


def test_the_folder_of_another_process_is_not_taken(open_folder):
    assert open_folder().path != open_folder().path


def test_resume_never_takes_a_new_folder(open_folder):
    open_folder().close()
    assert open_folder(resume="never").path == pathlib.Path("runs/digits-mlp-2")


def test_a_folder_is_locked(open_folder):
    first = open_folder(model_dir="run")
    with pytest.raises(UsageError, match=rf"--model_dir=run: process {os.getpid()} on .* has been"):
        open_folder(model_dir="run")
    first.close()
    open_folder(model_dir="run")


def test_a_folder_is_bound_to_its_configuration(open_folder):
    open_folder(model_dir="run").close()
    with pytest.raises(UsageError) as caught:
        open_folder(model_dir="run", learning_rate=0.5)
    assert "--model_dir=run: belongs to a run with --learning_rate=0.001, not 0.5" in str(
        caught.value
    )
    open_folder(model_dir="run", epochs=99)  # may be trained longer; the refusal released the lock


def test_damage_does_not_keep_the_lock(open_folder):
    open_folder(model_dir="run").close()
    pathlib.Path("run/identity.json").write_text("{")
    for _ in range(2):  # twice the same answer, not "another process is training there"
        with pytest.raises(DataError, match=r"run/identity.json: cannot be read"):
            open_folder(model_dir="run")


@pytest.mark.parametrize(
    "resume, message",
    [("never", "--resume=never: run is not empty"), ("must", "--resume=must: run holds no check")],
)
def test_resume_that_contradicts_the_folder(open_folder, resume, message):
    open_folder(model_dir="run").close()
    with pytest.raises(UsageError, match=message):
        open_folder(model_dir="run", resume=resume)


def test_a_folder_of_something_else_is_refused(open_folder):
    os.mkdir("mine")
    pathlib.Path("mine/thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="--model_dir=mine: is not empty and not a run's folder"):
        open_folder(model_dir="mine")


def test_a_file_instead_of_a_folder(open_folder):
    pathlib.Path("file").write_text("")
    for path in ("file", "file/run"):
        with pytest.raises(StorageError, match=f"--model_dir={path}: "):
            open_folder(model_dir=path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(open_folder):
    os.mkdir("locked", 0o500)
    for path in ("locked", "locked/run"):
        with pytest.raises(StorageError, match=f"--model_dir={path}: Permission denied"):
            open_folder(model_dir=path)


def test_discard_removes_what_a_failed_start_left(open_folder):
    open_folder(model_dir="runs/mine").discard()
    assert not pathlib.Path("runs").exists()


def test_discard_leaves_what_was_there_before(open_folder):
    open_folder(model_dir="run").close()
    open_folder(model_dir="run").discard()
    assert pathlib.Path("run/flags.txt").exists()
    os.mkdir("empty")
    open_folder(model_dir="empty").discard()
    assert pathlib.Path("empty").is_dir()


def test_reading_needs_a_run():
    with pytest.raises(UsageError, match="--model_dir=nowhere: holds no checkpoints"):
        run_folder.read_run_folder("nowhere")


@pytest.mark.parametrize("model_dir", ["", "run"])
@pytest.mark.parametrize("name", [run_folder.FLAGS, run_folder.IDENTITY])
def test_a_command_killed_at_its_first_files_can_be_repeated(open_folder, name, model_dir):
    with kill_at(name), pytest.raises(Killed):
        open_folder(model_dir=model_dir)
    again = open_folder(model_dir=model_dir)
    assert str(again.path) == (model_dir or "runs/digits-mlp-1")
    assert {p.name for p in again.path.iterdir()} == {"flags.txt", "identity.json", ".lock"}


def test_a_folder_that_was_only_made_is_used(open_folder):
    os.makedirs("runs/digits-mlp-1")
    pathlib.Path("runs/digits-mlp-1/.lock").write_text("")
    assert open_folder().path == pathlib.Path("runs/digits-mlp-1")


@pytest.mark.parametrize("model_dir", ["", "run"])
def test_an_unfinished_start_without_flags_belongs_to_its_configuration(open_folder, model_dir):
    first = open_folder(model_dir=model_dir)
    first.close()
    (first.path / "flags.txt").unlink()  # as tfapp 0.1.0 left it, which wrote that file last
    (first.path / "preprocessing.json").write_text("{}")
    if model_dir:
        with pytest.raises(UsageError, match="belongs to a run with --learning_rate"):
            open_folder(model_dir=model_dir, learning_rate=0.5)
        assert not (first.path / "flags.txt").exists()
    else:
        assert open_folder(learning_rate=0.5).path != first.path
    assert open_folder(model_dir=model_dir).path == first.path


def test_a_folder_that_another_process_takes_meanwhile_is_left_to_it(open_folder, monkeypatch):
    choose, taken = run_folder._default_path, []

    def choose_and_lose(*arguments):
        path = choose(*arguments)
        if not taken:
            taken.append(open_folder(model_dir=str(path)))
        return path

    monkeypatch.setattr(run_folder, "_default_path", choose_and_lose)
    assert open_folder().path == pathlib.Path("runs/digits-mlp-2")


@pytest.mark.parametrize("resume", ["auto", "never", "must"])
def test_who_trains_there_comes_before_what_the_folder_lacks(open_folder, resume):
    open_folder(model_dir="run")
    with pytest.raises(UsageError, match=r"has been training there since .*; wait for it"):
        open_folder(model_dir="run", resume=resume)


def test_a_folder_that_filled_up_until_it_was_locked_is_not_new(open_folder, monkeypatch):
    """Another process took it, trained, and ended, after this one had looked."""
    lock = run_folder._lock

    def train_and_lock(path):
        monkeypatch.setattr(run_folder, "_lock", lock)
        open_folder(model_dir=str(path)).close()
        return lock(path)

    monkeypatch.setattr(run_folder, "_lock", train_and_lock)
    open_folder(model_dir="run").discard()
    assert pathlib.Path("run/flags.txt").exists()


def test_something_else_that_appears_until_it_is_locked_is_refused(open_folder, monkeypatch):
    lock = run_folder._lock

    def write_and_lock(path):
        path.mkdir()
        (path / "thesis.txt").write_text("years of work")
        return lock(path)

    monkeypatch.setattr(run_folder, "_lock", write_and_lock)
    with pytest.raises(UsageError, match="--model_dir=run: is not empty and not a run's folder"):
        open_folder(model_dir="run")
