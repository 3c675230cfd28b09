"""Folders that TFDS prepared, damaged since, and names of data sets that nobody has."""

import itertools
import pathlib
import shutil

import pytest

from tests.data.pets import Pets
from tests.fuzz import running
from tests.fuzz.mutations import WRONG_JSON, damaged
from tfapp.config import Config
from tfapp.data import open_source
from tfapp.errors import DataError, UsageError

FEW, MANY = 4, 60
NAMES = (
    "mnist\nx", "a b", "../x", "digits:9.9", "digits/none", "digits:x", "digits:", "digits:1.0.0.0",
    "a" * 300, "ÄÖ", "[digits]", "digits:3.*.*", "digits/..", "digits\x1b[31m", "\udcff",
    "tfds:", "tfds:/", "tfds:/dev", "tfds:/dev/null", "tfds:./", ":", "digits:1.0.0:2", "%s", "{}",
)  # fmt: skip


def opened(dataset, **values):
    source = open_source(Config(dataset=dataset).dataset, **values)
    for split in source.splits.values():
        split.examples(2)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_data_sets(name, tmp_path):
    error = running.survives("TFDS, names", opened, name)
    assert isinstance(error, (UsageError, DataError)), name


@pytest.fixture
def digits(tmp_path):
    """The folder of a prepared data set, below a --data_dir, which is copied for each case."""
    opened("digits", data_dir=str(tmp_path / "sound"))
    return tmp_path / "sound"


@pytest.fixture
def open_copy(digits, tmp_path):
    """open_copy(change): opens a copy of it, by name and by path, after change(its files)."""
    numbers = itertools.count()

    def open_one(change):
        copy = tmp_path / f"copy-{next(numbers)}"
        shutil.copytree(digits, copy)
        folder = next(copy.glob("digits/*.*.*"))
        change(folder)
        errors = [
            running.survives("TFDS, damaged folders", opened, f"tfds:{folder}"),
            running.survives("TFDS, damaged folders", lambda: opened("digits", data_dir=str(copy))),
        ]
        shutil.rmtree(copy)
        return errors

    return open_one


def test_a_sound_folder(open_copy):
    assert open_copy(lambda folder: None) == [None, None]


@pytest.mark.parametrize("name", ["features.json", "dataset_info.json", "record"])
def test_files_that_are_something_else(open_copy, digits, name):
    file = next(p.name for p in digits.rglob("*") if name in p.name and p.is_file())
    wrong = (WRONG_JSON[0], WRONG_JSON[5], WRONG_JSON[11], b"", b"\xff\xfe\x00") if (
        name != "record"
    ) else (b"", b"x" * 100)  # fmt: skip
    for content in wrong:
        errors = open_copy(lambda folder, new=content: (folder / file).write_bytes(new))
        for error in errors:
            if error is not None:
                assert isinstance(error, DataError)
                assert "copy-" in str(error)


def test_files_that_are_missing_or_cut_short(open_copy):
    def shard(folder):
        return next(p for p in folder.iterdir() if "record" in p.name)

    def halved(folder):
        data = shard(folder).read_bytes()
        shard(folder).write_bytes(data[: len(data) // 2])

    for change in (halved, lambda folder: shard(folder).unlink()):
        for error in open_copy(change):
            assert isinstance(error, DataError)
            assert "damaged" in str(error)
    open_copy(lambda folder: (folder / "features.json").unlink())
    open_copy(lambda folder: (folder / "dataset_info.json").unlink())


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_damaged_bytes(open_copy, digits, count):
    files = {p.name: p.read_bytes() for p in digits.rglob("*") if p.is_file() and "." in p.name}
    small = {name: data for name, data in files.items() if len(data) < 100_000}

    def body(data):
        name = max(small, key=lambda n: len(set(small[n]) & set(data)))
        open_copy(lambda folder: (folder / name).write_bytes(data))

    running.run("TFDS, damaged bytes", damaged(list(small.values())), body, count)


def test_records_read_one_by_one_that_are_damaged(tmp_path):
    Pets(data_dir=str(tmp_path)).download_and_prepare()
    folder = next(path.parent for path in tmp_path.rglob("features.json"))
    shards = sorted(p for p in folder.iterdir() if "record" in p.name)
    for content in (b"", b"x" * 64, shards[0].read_bytes()[:200]):
        shards[0].write_bytes(content)
        error = running.survives("TFDS, damaged shards", opened, f"tfds:{folder}")
        assert isinstance(error, DataError), content
    pathlib.Path(shards[0]).unlink()
    assert isinstance(running.survives("TFDS", opened, f"tfds:{folder}"), DataError)
