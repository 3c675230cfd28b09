"""The outer loop with a made-up inner loop and clock: nothing here takes time."""

import dataclasses
import math
import signal

import pytest

from tests.distribution.threads import run_workers
from tfapp.callbacks.signals import STOP_REASON, StopSignals
from tfapp.distribution.cluster import SingleProcess
from tfapp.errors import DivergedError, UsageError
from tfapp.training.action import Action
from tfapp.training.loop import LoopResult
from tfapp.training.trainer import train
from tfapp.training.trigger import Trigger
from tfapp.training.triggers import EveryLoop, EverySeconds, EverySteps


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@dataclasses.dataclass
class Host:
    """The part of a HostState that the trainer uses."""

    step: int = 0
    train_seconds: float = 0.0
    left_out: list = dataclasses.field(default_factory=list)


class State:
    """The part of a TrainState that the trainer uses."""

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
            actions=actions, cluster=SingleProcess(), clock=clock, **options,
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


def test_steps_per_loop_is_the_length_of_a_loop(run):
    loops, _ = run(25, steps_per_loop=10)
    assert loops == [(0, 10), (10, 10), (20, 5)]


def test_actions_come_exactly_when_they_are_due(run):
    seen = []
    run(100, Action(EverySteps(30), recording(seen)), seconds_a_step=1e-6)
    assert seen == [30, 60, 90, 100]  # everything is due at the end


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


def test_a_stop_ends_training_after_the_actions_at_stop(run):
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


def test_seconds(run):
    seen = []
    run(12, Action(EverySeconds(5), recording(seen)), seconds_a_step=1, steps_per_loop=1)
    assert seen == [5, 10, 12]


def test_seconds_go_on_counting_when_training_goes_back(run):
    seen = []
    action = Action(EverySeconds(5), recording(seen))
    run(8, action, seconds_a_step=1, steps_per_loop=1)
    run(8, action, seconds_a_step=1, steps_per_loop=1)
    assert seen == [5, 8, 2, 7, 8]


class AtSteps(Trigger):
    """A user's own: due at the steps given."""

    def __init__(self, *steps):
        self._steps = steps

    def steps_left(self, step):
        return min([s - step for s in self._steps if s > step], default=math.inf)

    def due(self, moment):
        return moment.step in self._steps


def test_a_users_own_trigger_ends_loops_where_it_is_due(run):
    seen = []
    loops, _ = run(30, Action(AtSteps(3, 11), recording(seen)), steps_per_loop=10)
    assert seen == [3, 11, 30]
    assert loops == [(0, 3), (3, 8), (11, 10), (21, 9)]


def test_a_trigger_that_leaves_no_step_is_an_error(run, monkeypatch):
    monkeypatch.setattr(AtSteps, "steps_left", lambda self, step: 0)
    with pytest.raises(UsageError, match=r"AtSteps.steps_left\(0\): is 0, must be at least 1"):
        run(30, Action(AtSteps(3), recording([])))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Action(100, print), r"Action\(when=100\): is not a Trigger; use EverySteps"),
        (lambda: Action(EveryLoop(), "save"), r"Action\(call='save'\): cannot be called"),
        (lambda: EverySteps(0), r"EverySteps\(0\): must be a whole number of at least 1"),
        (lambda: EverySteps(2.5), r"EverySteps\(2.5\): must be a whole number"),
        (lambda: EverySeconds(0), r"EverySeconds\(0\): must be above 0"),
        (lambda: EverySeconds(math.nan), r"EverySeconds\(nan\): must be above 0"),
    ],
)
def test_a_bad_action_is_an_error_in_one_line(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def worker_run(cluster, seconds_a_step, *, total=2000, on_step=None):
    """Trains as one worker of `cluster`.

    Args:
      seconds_a_step: on this worker's own clock, which begins at an hour of its own.
      on_step: called with the first step of each loop.

    Returns:
      (loops, steps at which EverySeconds(1) was due, train_seconds, reason of the end).
    """
    clock, state, loops, seen = Clock(), State(), [], []
    clock.now = 1e6 * (cluster.worker + 1)

    def run_loop(first, count):
        if on_step:
            on_step(first)
        clock.now += count * seconds_a_step
        loops.append((first, count))
        return LoopResult({}, None)

    with StopSignals(cluster) as signals:
        reason = train(
            run_loop=run_loop, restart=lambda step: None, state=state, total_steps=total,
            actions=[
                Action(EverySeconds(1), recording(seen)),
                Action(EverySteps(300), recording(seen)),
                Action(EveryLoop(), signals),
            ],
            cluster=cluster, clock=clock,
        )  # fmt: skip
    return loops, seen, state.host.train_seconds, reason


def test_workers_follow_the_chiefs_clock():
    alone = worker_run(SingleProcess(), 0.003)
    chief, other = run_workers(
        lambda cluster: worker_run(cluster, 0.003), lambda cluster: worker_run(cluster, 0.0301)
    )
    assert chief == other == alone
    assert len(alone[0]) > 20
    assert len(alone[1]) > 7


def test_a_signal_to_one_worker_stops_all_at_the_same_step():
    def stop(first):
        if first >= 500:
            signal.raise_signal(signal.SIGTERM)

    # Python delivers signals to the main thread, which is worker 1 here.
    chief, other = run_workers(
        lambda cluster: worker_run(cluster, 0.001),
        lambda cluster: worker_run(cluster, 0.001, on_step=stop),
    )
    assert chief == other
    loops, _, _, reason = chief
    assert reason == STOP_REASON
    assert 500 <= sum(count for _, count in loops) < 2000


def test_a_loop_costs_one_agree_and_one_any():
    class Counting(SingleProcess):
        calls = ()

        def agree(self, value):
            self.calls += ("agree",)
            return value

        def any(self, flag):
            self.calls += ("any",)
            return flag

    cluster = Counting()
    loops, *_ = worker_run(cluster, 0.01)
    assert cluster.calls == ("agree", "any") * len(loops)
