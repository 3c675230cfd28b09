"""The time budget's guard: it ends a run in time for the export, and not before."""

import types

import pytest

from tfapp.errors import UsageError
from tfapp.experiment import time_budget
from tfapp.experiment.time_budget import TimeBudget, steps_within
from tfapp.training.moment import Moment

SPLITS = {
    name: types.SimpleNamespace(num_examples=examples)
    for name, examples in (("train", 20_000), ("validation", 2_000), ("test", 2_000))
}


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The process began ten seconds ago."""
    monkeypatch.setattr(time_budget, "seconds_since_start", lambda: 10.0)


def loops(guard, seconds, *, steps=10, now=0.0):
    """The number of the loop after which the guard ends training, from their durations."""
    for i, duration in enumerate(seconds):
        now += duration
        moment = Moment((i + 1) * steps, 10_000, steps, duration, {}, False, now=now)
        guard(moment)
        if moment.stop:
            return i + 1
    return None


def guard(budget="60s", spent=0.0):
    return TimeBudget(budget, splits=SPLITS, batch_size=100, spent=spent, clock=lambda: 0.0)


def test_the_compilation_of_the_first_loop_does_not_count_as_speed():
    # At this loop's pace, evaluations would take minutes.
    assert loops(guard(), [12.0] + [0.1] * 100) is None


def test_a_run_ends_while_there_is_time_for_what_follows():
    # 50 s are left. The evaluations of 24,000 examples take as long as 0.4 * 240 steps of 0.05 s,
    # and what else follows takes 6 s.
    ended = loops(guard(), [0.5] * 200)
    assert 0.5 * ended + 6 + 0.4 * 240 * 0.05 == pytest.approx(50, abs=1.0)


def test_one_slow_loop_is_no_slow_machine():
    assert loops(guard(), [0.1, 0.1, 0.1, 9.0, 0.1, 0.1, 0.1]) is None


def test_earlier_starts_have_spent_their_part():
    assert loops(guard(spent=43.9), [0.1] * 5) is not None


def test_the_last_loop_is_never_cut():
    moment = Moment(10, 10, 10, 0.1, {}, True, now=1e6)
    guard()(moment)
    assert not moment.stop


def test_a_budget_that_is_over_before_training_says_what_is_needed():
    plan = types.SimpleNamespace(batch_size=100)
    assert 100 < steps_within("60s", 0.1, plan, SPLITS, again=2.0) < 400
    with pytest.raises(UsageError, match=r"--time_budget=12s: .*; at least \d\ds are needed here"):
        steps_within("12s", 0.1, plan, SPLITS, again=2.0)
