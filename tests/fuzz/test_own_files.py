"""What tfapp wrote itself, damaged since: a run says so in one line; a cache is made again."""

import gzip
import json
import os
import shutil

import pytest

from tests.conftest import outcome, start_main
from tests.fuzz import own_files, running
from tests.fuzz.families import shard
from tests.fuzz.mutations import WRONG_JSON, WRONG_VALUES, damaged, paths_in, replaced
from tests.fuzz.own_files import OLD, RUN
from tests.tf_examples import example
from tfapp.experiment.calibration import cache

FEW, MANY, PLACES = 8, 100, 20


@pytest.fixture
def run_files():
    return own_files.run_files(own_files.copy_run())


def contents_of(content):
    """What takes the place of a file: other JSON, and the same JSON with one part replaced."""
    yield from WRONG_JSON
    yield content[: len(content) // 2]
    try:
        value = json.loads(content)
    except ValueError:
        return
    paths = list(paths_in(value))
    for number, path in enumerate(paths):
        new = WRONG_VALUES[number % len(WRONG_VALUES)]
        yield json.dumps(replaced(value, path, new)).encode()


def read_with(readers, name, path, content):
    kept = path.read_bytes()
    path.write_bytes(content)
    for reader in readers:
        running.survives(f"own files, {name}", reader)
    path.write_bytes(kept)


def test_every_file_of_a_run(run_files):
    for name, readers in run_files.items():
        path = RUN / name
        for content in contents_of(path.read_bytes()):
            read_with(readers, name.rpartition("/")[2][:20], path, content)


def test_every_value_in_every_file_of_a_run(run_files):
    for name in ("summary.json", "choices.json", "data.json", "adjustments.json"):
        path = RUN / name
        value = json.loads(path.read_bytes())
        places = list(paths_in(value))
        for place in places[:: len(places) // PLACES + 1]:
            for new in WRONG_VALUES:
                content = json.dumps(replaced(value, place, new)).encode()
                read_with(run_files[name], name, path, content)


@pytest.mark.slow
def test_damaged_bytes_in_every_file_of_a_run(run_files):
    for name, readers in run_files.items():
        path = RUN / name

        def body(content, path=path, readers=readers, name=name):
            read_with(readers, name.rpartition("/")[2][:20], path, content)

        running.run(f"own files, damaged {name[-20:]}", damaged([path.read_bytes()]), body, MANY)


@pytest.mark.parametrize("special", ["pipe", "folder", "link to itself"])
def test_what_is_no_file_is_no_file_of_a_run(run_files, special):
    for name, readers in run_files.items():
        path = RUN / name
        sound = path.read_bytes()
        path.unlink()
        if special == "pipe":
            os.mkfifo(path)
        elif special == "folder":
            path.mkdir()
        else:
            path.symlink_to(path.name)
        for reader in readers:
            running.survives(f"own files, {special}", reader)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.write_bytes(sound)


RECORDS = [example(a=[float(i), 0.5], label=i % 2) for i in range(12)]
CACHES = {
    "choices": lambda patch: own_files.keep_choices(),
    "index": lambda patch: own_files.keep_index(shard(RECORDS)),
    "copies": lambda patch: own_files.keep_index(gzip.compress(shard(RECORDS))),
    "folders": own_files.keep_folder,
}


@pytest.mark.parametrize("name", CACHES)
def test_a_damaged_cache_is_an_empty_one(name, monkeypatch):
    read = CACHES[name](monkeypatch)
    for file in own_files.cached():
        sound = file.read_bytes()
        others = [p.read_bytes() for p in own_files.cached()]
        for content in (*WRONG_JSON, sound[: len(sound) // 2], sound + b"x", *others):
            file.write_bytes(content)
            assert running.survives(f"cache, {name}", read) is None
        file.unlink()
        read()


@pytest.mark.parametrize("name", ["choices", "index", "folders"])
def test_a_cache_that_cannot_be_written_costs_only_time(name, monkeypatch):
    CACHES[name](monkeypatch)
    for file in own_files.cached():
        file.unlink()
        file.mkdir()
    for _ in range(2):
        if name == "choices":
            assert cache.look_up("key") is None
            cache.keep("key", own_files.CHOICES)
        else:
            shutil.rmtree("images", ignore_errors=True)
            CACHES[name](monkeypatch)()


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CACHES)
def test_damaged_bytes_in_a_cache(name, count, monkeypatch):
    read = CACHES[name](monkeypatch)
    files = {file: file.read_bytes() for file in own_files.cached()}

    def body(content):
        for file in files:
            file.write_bytes(content)
            read()

    running.run(f"cache, damaged {name}", damaged(list(files.values())), body, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["identity.json", "flags.txt", "summary.json", "preprocessing.json", "choices.json",
     "metrics.jsonl", "environment.json", "checkpoints/step-00000040/manifest.json"],
)  # fmt: skip
def test_a_user_sees_one_line(name, tmp_path):
    """The whole way, as a user starts it: the run continues, or one line names the file."""
    for number, content in enumerate((b"[]", b"\xff\xfe")):
        folder = tmp_path / str(number)
        shutil.copytree(OLD, folder)
        (folder / "table-finished" / name).write_bytes(content)
        flags = OLD / "table-finished" / "flags.txt"
        done = outcome(
            start_main(folder, f"--flagfile={flags}", "--model_dir=table-finished", "--xla=off")
        )
        assert done.code in (0, 2, 3), done.err
        assert "Traceback" not in done.err
        if done.code:
            assert done.err.splitlines()[-1].startswith("tfapp: "), done.err
