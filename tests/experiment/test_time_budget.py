"""The time budget: what is planned within it, and the guard that ends a run in time."""

import types

import pytest

from tfapp.distribution.cluster import SingleProcess
from tfapp.errors import UsageError
from tfapp.experiment import time_budget
from tfapp.experiment.time_budget import TimeBudget, check_budget, length_within, reserved
from tfapp.training.moment import Moment


def source_of(train, validation, test):
    """What a budget reads of a `Source` with so many examples."""
    sizes = {"train": train, "validation": validation, "test": test}
    splits = {name: types.SimpleNamespace(num_examples=size) for name, size in sizes.items()}
    label = types.SimpleNamespace(positions=1)
    return types.SimpleNamespace(splits=splits, spec=types.SimpleNamespace(label=label))


SOURCE = source_of(20_000, 2_000, 2_000)

PLAN = types.SimpleNamespace(batch_size=100, steps_per_epoch=200)


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """The process began ten seconds ago."""
    monkeypatch.setattr(time_budget, "seconds_since_start", lambda: 10.0)


def loops(guard, seconds, *, steps=10, between=0.0):
    """The number of the loop after which the guard ends training, from their durations.

    `between`: seconds of the evaluation that follows each.
    """
    now = 0.0
    for i, duration in enumerate(seconds):
        now += duration
        moment = Moment((i + 1) * steps, 10_000, steps, duration, {}, False, now=now)
        guard(moment)
        if moment.stop:
            return i + 1
        now += between
    return None


def guard(budget="60s", spent=0.0, *, evaluates=False, cluster=None, now=0.0):
    return TimeBudget(
        budget, source=SOURCE, batch_size=100, spent=spent, evaluates=lambda moment: evaluates,
        cluster=cluster or SingleProcess(), clock=lambda: now,
    )  # fmt: skip


class Follower(SingleProcess):
    """A worker whose chief says what a queue holds."""

    def __init__(self, *said):
        self._said = list(said)

    def agree(self, value):
        del value
        return self._said.pop(0)


def test_another_worker_goes_by_the_chiefs_clock():
    # Whose clock is far from its own: machines count seconds from their own start.
    assert loops(guard(cluster=Follower(50.0), now=1e6), [0.5] * 200) == loops(guard(), [0.5] * 200)


def test_the_compilation_of_the_first_loop_does_not_count_as_speed():
    # At this loop's pace, evaluations would take minutes.
    assert loops(guard(), [12.0] + [0.1] * 100) is None


def test_a_run_ends_while_there_is_time_for_what_follows():
    # 50 s are left. The evaluations of 3 * 2,000 examples take as long as 0.4 * 60 steps of 0.05 s,
    # one that may have begun as 0.4 * 20, and what else follows takes 6 s.
    ended = loops(guard(), [0.5] * 200)
    assert 0.5 * ended + 6 + 0.4 * 80 * 0.05 == pytest.approx(50, abs=1.0)


def test_evaluations_that_are_slower_than_steps_suggest_are_counted_as_what_they_take():
    # Each takes 2 s for 2,000 examples: four times as many follow, one of them at once.
    ended = loops(guard(evaluates=True), [0.5] * 200, between=2.0)
    assert 2.5 * ended - 2.0 + 0.5 + 6 + 8 == pytest.approx(50, abs=2.6)


def test_one_slow_loop_is_no_slow_machine():
    assert loops(guard(), [0.1, 0.1, 0.1, 9.0, 0.1, 0.1, 0.1]) is None


def test_earlier_starts_have_spent_their_part():
    assert loops(guard(spent=43.9), [0.1] * 5) is not None


def test_the_last_loop_is_never_cut():
    moment = Moment(10, 10, 10, 0.1, {}, True, now=1e6)
    guard()(moment)
    assert not moment.stop


def test_a_budget_that_is_over_before_anything_is_prepared_says_what_is_needed():
    check_budget("15s", SingleProcess())
    with pytest.raises(UsageError, match=r"--time_budget=11s: .*; at least 12s are needed here"):
        check_budget("11s", SingleProcess())


@pytest.mark.parametrize("again", [0.0, 30.0, 1000.0])
@pytest.mark.parametrize("validation", [10, 2_000, 500_000])
@pytest.mark.parametrize("budget", ["12s", "60s", "10m", "3h"])
def test_what_is_planned_fits_and_evaluations_take_a_small_part_of_it(budget, validation, again):
    source = source_of(500_000, validation, 2_000)
    step, per_example = 0.1, 0.0004
    steps, every = length_within(budget, step, validation * per_example, PLAN, source, again=again)
    every = int(every)
    evaluations, evaluation = -(-steps // every), validation * per_example + 0.1
    total = {"12s": 12, "60s": 60, "10m": 600, "3h": 10_800}[budget]
    left = 0.95 * total - 10 - again - reserved(source, per_example)
    if left < step + 2 * evaluation:
        assert steps <= max(left / step, 1)
        return
    assert steps * step + evaluations * evaluation <= left + evaluation
    assert steps * step >= 0.85 * left - 2 * evaluation - 2 * step
    assert evaluations <= 2 or evaluations * evaluation <= 0.11 * left
    assert evaluations >= 2 or steps <= 50


@pytest.mark.parametrize("every, evaluations", [("50%", 2), ("10%", 10), ("1e", 121), ("500", 58)])
def test_an_interval_that_is_given_stays_and_its_evaluations_are_counted(every, evaluations):
    source = source_of(20_000, 20_000, 20_000)
    free, _ = length_within("1h", 0.1, 8.0, PLAN, source)
    length = length_within("1h", 0.1, 8.0, PLAN, source, evaluate_every=every)
    assert length.evaluate_every == every
    left = 3600 * 0.95 - 10 - 6 - 3 * 20_000 * 0.0004
    assert length.steps * 0.1 + evaluations * 8 == pytest.approx(left, rel=0.05)
    assert free * 0.1 > 0.9 * left
