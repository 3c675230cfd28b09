"""--max_time leaves time for one more loop, what follows it, and a save."""

import pytest

from tfapp.callbacks import time_limit
from tfapp.callbacks.time_limit import TimeLimit


class Clock:
    """Seconds that pass when a test says so."""

    now = 500.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """A clock of a process that has been running for ten seconds."""
    clock = Clock()
    monkeypatch.setattr(time_limit, "seconds_since_start", lambda: clock.now - 490.0)
    return clock


def seconds_at_end(limit, clock, loops, *, save_seconds=0.0, save_every=10**9):
    """Runs `loops`, given in seconds, and saves in between, until the time is over.

    Returns:
      the process's age when all is saved; None if the time is not over before the last loop.
    """

    def save(moment):
        del moment
        clock.now += save_seconds

    save = limit.timed(save)
    for i, seconds in enumerate(loops, 1):
        clock.now += seconds
        over = limit.is_over()
        if over or i % save_every == 0:
            save(None)
        if over:
            return clock.now - 490.0
    return None


def test_without_a_limit_it_is_never_over(clock):
    limit = TimeLimit("", state_bytes=1e12, clock=clock)
    assert not limit
    assert seconds_at_end(limit, clock, [1e5] * 10) is None


def test_the_time_before_training_counts(clock):
    limit = TimeLimit("100s", state_bytes=0, clock=clock)
    assert 92 < seconds_at_end(limit, clock, [1.0] * 1000) <= 95


@pytest.mark.parametrize("before", range(20))
def test_a_save_still_fits_whether_or_not_one_is_due_just_before(clock, before):
    limit = TimeLimit("1000s", state_bytes=0, clock=clock)
    loops = [1.0] * before + [1.1] * 5000
    ended = seconds_at_end(limit, clock, loops, save_seconds=40, save_every=20)
    assert 1000 - 3 * 40 < ended <= 1000 - 0.5 * 40 - 5


def test_before_the_first_save_its_time_follows_from_the_size_of_the_state(clock):
    limit = TimeLimit("1000s", state_bytes=5e9, clock=clock)  # 100 s at 50 MB/s
    ended = seconds_at_end(limit, clock, [1.0] * 2000, save_seconds=100)
    assert 1000 - 3 * 100 < ended <= 1000 - 100 - 5


@pytest.mark.parametrize("before", range(10))
def test_a_loop_with_an_evaluation_still_fits(clock, before):
    """It is not known here which loop an evaluation follows."""
    limit = TimeLimit("1000s", state_bytes=0, clock=clock)
    loops = [1.0] * before + [60.0, *[1.0] * 9] * 100
    assert 1000 - 2 * 60 - 5 < seconds_at_end(limit, clock, loops) <= 1000 - 5


def test_compilation_in_the_first_loop_is_no_measure_of_a_loop(clock):
    limit = TimeLimit("200s", state_bytes=0, clock=clock)
    assert seconds_at_end(limit, clock, [90.0] + [1.0] * 500) > 190


def test_a_save_does_not_make_a_loop_longer(clock):
    """It has a reserve of its own."""
    limit = TimeLimit("300s", state_bytes=0, clock=clock)
    ended = seconds_at_end(limit, clock, [1.0] * 500, save_seconds=20, save_every=2)
    assert ended > 300 - 2.5 * 20


def test_a_limit_that_leaves_no_time_to_train_says_so(clock):
    limit = TimeLimit("12s", state_bytes=0, clock=clock)
    clock.now += 3
    assert limit.is_over()
    assert limit.name == "--max_time=12s (over after the first steps of this start: raise it)"
    clock.now += 3
    limit.is_over()
    assert limit.name == "--max_time=12s"


def test_a_short_limit_keeps_a_tenth_for_the_end():
    assert [time_limit.closing_seconds(s) for s in (10, 50, 10_000)] == [1, 5, 5]
