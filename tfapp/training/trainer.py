"""The outer loop: runs the inner loop up to the next moment at which something is due."""

import dataclasses
import logging
import time

from tfapp.errors import DivergedError

_LOG = logging.getLogger("tfapp")
# Seconds a loop should take where steps_per_loop is auto: short enough for a live progress line
# and a prompt answer to signals, long enough that returning to the host costs nothing.
_LOOP_SECONDS = 0.25
_MOST_STEPS = 1 << 16


@dataclasses.dataclass(frozen=True)
class Action:
    """What happens between steps, and when: `call(moment)` whenever `when` says it is due."""

    when: object  # see tfapp.training.triggers
    call: object
    at_stop: bool = False  # also when an action before it has set moment.stop


@dataclasses.dataclass
class Moment:
    """What an action gets to see; it may set `stop` to a reason, which ends training."""

    step: int  # optimizer steps done
    total_steps: int
    steps: int  # of the loop that just ended; 0 when training begins
    seconds: float  # that loop took
    sums: dict  # over its examples
    last: bool  # no further step follows
    stop: str = ""


def train(
    *, run_loop, restart, state, total_steps, actions, steps_per_loop=None, clock=time.monotonic
):
    """Trains from state.host.step to `total_steps`.

    Args:
      run_loop: (first_step, num_steps) -> LoopResult, from `make_loop`.
      restart: (step) -> None; makes the engine's next batch that of the step.
      state: a `TrainState`; steps in host.left_out are passed over.
      actions: `Action`s, called in order.
      steps_per_loop: most steps between two returns to the host; None: from the step's time.
      clock: seconds; injected by tests.

    Returns:
      the reason why an action stopped training early, or "".

    Raises:
      DivergedError: the loss of a step is NaN or infinite.
    """
    most = steps_per_loop or 1
    while state.host.step < total_steps:
        first = state.host.step
        if first in state.host.left_out:
            state.host.step += 1
            restart(first + 1)
            continue
        nearest = min([s for s in state.host.left_out if s > first], default=total_steps)
        steps = min([nearest - first, most, *(a.when.steps_left(first) for a in actions)])
        begin = clock()
        result = run_loop(first, steps)
        seconds = clock() - begin
        if result.bad_step is not None:
            raise DivergedError.at_step(result.bad_step)
        state.host.step += steps
        state.host.train_seconds += seconds
        moment = Moment(
            step=state.host.step,
            total_steps=total_steps,
            steps=steps,
            seconds=seconds,
            sums=result.sums,
            last=state.host.step == total_steps,
        )
        for action in actions:
            if action.at_stop if moment.stop else action.when.due(moment.step) or moment.last:
                action.call(moment)
        if moment.stop:
            return moment.stop
        if steps_per_loop is None:
            most = _adapted(most, steps, seconds)
    return ""


def _adapted(most, steps, seconds):
    """Steps a loop for the next time, such that it takes about _LOOP_SECONDS."""
    if steps < most:
        return most  # cut short by an action: says nothing
    wanted = int(steps * _LOOP_SECONDS / max(seconds, 1e-6))
    return max(1, min(wanted, 4 * most, _MOST_STEPS))
