"""The outer loop with an inner loop and a clock of the tests' own: nothing here takes time."""

import dataclasses

import pytest

from tfapp.errors import DivergedError
from tfapp.training.loop import LoopResult
from tfapp.training.trainer import Action, train
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@dataclasses.dataclass
class Host:
    """As much of a HostState as the trainer touches."""

    step: int = 0
    train_seconds: float = 0.0
    left_out: list = dataclasses.field(default_factory=list)


class State:
    """As much of a TrainState as the trainer touches."""

    def __init__(self, step=0):
        self.host = Host(step)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(clock):
    """run(total, *actions, ...): trains; returns the loops that ran and the reason of the end."""

    def run(total, *actions, step=0, seconds_a_step=0.001, bad=None, left_out=(), **options):
        state, loops = State(step), []
        state.host.left_out = list(left_out)

        def run_loop(first, count):
            clock.now += count * seconds_a_step
            loops.append((first, count))
            met = bad is not None and first <= bad < first + count
            return LoopResult({"loss": count, "count": float(count)}, bad if met else None)

        reason = train(
            run_loop=run_loop, restart=lambda step: None, state=state, total_steps=total,
            actions=actions, clock=clock, **options,
        )  # fmt: skip
        assert state.host.train_seconds == pytest.approx(
            sum(count for _, count in loops) * seconds_a_step
        )
        return loops, reason

    return run


def recording(seen, label=None):
    return lambda moment: seen.append(moment.step if label is None else (label, moment.step))


def test_every_step_runs_once_in_order(run):
    loops, reason = run(1000)
    assert reason == ""
    assert [first for first, _ in loops] == [
        sum(c for _, c in loops[:i]) for i in range(len(loops))
    ]
    assert sum(count for _, count in loops) == 1000


def test_loops_grow_to_a_quarter_of_a_second_and_no_further(run):
    loops, _ = run(10_000, seconds_a_step=0.001)
    sizes = [count for _, count in loops]
    assert sizes[:4] == [1, 4, 16, 64]
    assert max(sizes) == 250


def test_loops_have_the_size_that_is_asked_for(run):
    loops, _ = run(25, steps_per_loop=10)
    assert loops == [(0, 10), (10, 10), (20, 5)]


def test_actions_come_exactly_when_they_are_due(run):
    seen = []
    run(100, Action(EverySteps(30), recording(seen)), seconds_a_step=1e-6)
    assert seen == [30, 60, 90, 100]  # the end is a moment for everybody


def test_actions_are_due_at_the_same_steps_after_a_resume(run):
    seen = []
    run(100, Action(EverySteps(30), recording(seen)), step=45)
    assert seen == [60, 90, 100]


def test_actions_are_called_in_order(run):
    seen = []
    run(
        4, Action(EverySteps(2), recording(seen, "a")), Action(EverySteps(4), recording(seen, "b")),
        steps_per_loop=1,
    )  # fmt: skip
    assert seen == [("a", 2), ("a", 4), ("b", 4)]


def test_a_stop_ends_training_and_lets_those_at_stop_work(run):
    seen = []

    def stop(moment):
        if moment.step == 20:
            moment.stop = "enough"

    loops, reason = run(
        100,
        Action(EveryLoop(), stop),
        Action(EverySteps(10), recording(seen, "due")),
        Action(EverySteps(50), recording(seen, "save"), at_stop=True),
        steps_per_loop=10,
    )
    assert reason == "enough"
    assert loops == [(0, 10), (10, 10)]
    assert seen == [("due", 10), ("save", 20)]


def test_a_finished_run_does_nothing(run):
    assert run(50, step=50) == ([], "")


def test_a_loss_that_is_not_finite_ends_it_before_anything_is_saved(run):
    seen = []
    with pytest.raises(DivergedError, match="the loss of step 24 is NaN") as caught:
        run(100, Action(EveryLoop(), recording(seen)), steps_per_loop=10, bad=24)
    assert caught.value.step == 24
    assert seen == [10, 20]


def test_steps_left_out_are_passed_over(run):
    loops, _ = run(30, steps_per_loop=10, left_out=[4, 15])
    assert loops == [(0, 4), (5, 10), (16, 10), (26, 4)]


def test_seconds(run, clock):
    seen = []
    trigger = EverySeconds(5, clock)
    run(12, Action(trigger, recording(seen)), seconds_a_step=1, steps_per_loop=1)
    assert seen == [5, 10, 12]
