"""Measurements are kept for the next run of the same kind; a damaged cache counts as empty."""

import pytest

from tfapp.experiment.calibration import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


RECORD = [{"precision": "float32", "xla": "loop", "step_ms": 1.5}]


def test_measurements_are_found_by_their_description():
    cache.keep(cache.key_of({"model": "mlp", "batch": 32}), RECORD)
    assert cache.look_up(cache.key_of({"batch": 32, "model": "mlp"})) == RECORD
    assert cache.look_up(cache.key_of({"model": "mlp", "batch": 64})) is None


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\x00\x01", '"text"', "null"])
def test_a_damaged_cache_counts_as_empty(content):
    cache.cache_path().parent.mkdir(parents=True)
    cache.cache_path().write_text(content)
    assert cache.look_up("key") is None
    cache.keep("key", RECORD)
    assert cache.look_up("key") == RECORD


@pytest.mark.parametrize("entry", [{}, [], "text", [1], [{"xla": "loop"}], None])
def test_an_entry_that_is_not_a_list_of_measurements_is_ignored(entry):
    cache.keep("key", entry)
    assert cache.look_up("key") is None


def test_the_oldest_entries_are_dropped_first(monkeypatch):
    monkeypatch.setattr(cache, "_MOST_ENTRIES", 2)
    for key in ("first", "second", "first", "third"):
        cache.keep(key, RECORD)
    assert [cache.look_up(key) for key in ("first", "second", "third")] == [RECORD, None, RECORD]


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "tfapp").write_text("a file instead of the folder")
    cache.keep("key", RECORD)
    assert cache.look_up("key") is None
