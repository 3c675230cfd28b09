"""Versions appear whole, in rising numbers, or not at all."""

import pathlib

import pytest

from tfapp.export.versions import add_version, latest, versions

FOLDER = pathlib.Path("export")


def write(path):
    (path / "deeper").mkdir()
    (path / "deeper" / "file").write_text("all of it")


def test_versions_rise_and_the_latest_is_the_highest_number():
    assert (versions(FOLDER), latest(FOLDER)) == ([], None)
    assert add_version(FOLDER, write) == FOLDER / "1"
    assert add_version(FOLDER, write) == FOLDER / "2"
    for name in ("10", "9", "other", ".unfinished-11", "²", "٣٣", "012"):
        (FOLDER / name).mkdir()
    assert versions(FOLDER) == [1, 2, 9, 10]
    assert latest(FOLDER) == FOLDER / "10"
    assert add_version(FOLDER, write) == FOLDER / "11"
    assert (FOLDER / "11" / "deeper" / "file").read_text() == "all of it"


def test_only_as_many_stay_as_are_to_be_kept():
    for _ in range(4):
        add_version(FOLDER, write, keep=2)
    assert versions(FOLDER) == [3, 4]
    add_version(FOLDER, write)
    assert versions(FOLDER) == [3, 4, 5]


def test_half_a_version_is_never_visible():
    seen = []

    def look(path):
        write(path)
        seen.append([p.name for p in FOLDER.iterdir() if not p.name.startswith(".")])

    add_version(FOLDER, look)
    assert seen == [[]]
    assert [p.name for p in FOLDER.iterdir()] == ["1"]


def test_nothing_stays_of_a_version_that_fails():
    add_version(FOLDER, write)

    def fail(path):
        write(path)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        add_version(FOLDER, fail)
    assert [p.name for p in FOLDER.iterdir()] == ["1"]


def test_what_a_killed_process_left_is_no_part_of_a_version():
    (FOLDER / ".unfinished-1").mkdir(parents=True)
    (FOLDER / ".unfinished-1" / "old").write_text("half")
    path = add_version(FOLDER, write)
    assert [p.name for p in path.iterdir()] == ["deeper"]
