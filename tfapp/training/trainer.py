"""The outer loop: runs the inner loop up to the next moment at which something is due."""

import time

from tfapp.errors import DivergedError, UsageError
from tfapp.training.moment import Moment

# Seconds a loop should take where steps_per_loop is auto: short enough for a live progress line
# and a prompt answer to signals, long enough that returning to the host costs nothing.
_LOOP_SECONDS = 0.25
_MOST_STEPS = 1 << 16


def train(
    *,
    run_loop,
    restart,
    state,
    total_steps,
    actions,
    cluster,
    steps_per_loop=None,
    clock=time.monotonic,
):
    """Trains from state.host.step to `total_steps`.

    Args:
      run_loop: (first_step, num_steps) -> LoopResult, from `make_loop`.
      restart: (step) -> None; makes the step's batch the engine's next.
      state: a `TrainState`; steps in host.left_out are passed over.
      actions: `Action`s, called in order.
      cluster: a `Cluster`. Once a loop it agrees on the chief's times, so that loop lengths and
        triggers are the same on all workers.
      steps_per_loop: most steps between two returns to the host; None: from the step's time.
      clock: seconds; injected by tests.

    Returns:
      the reason why an action stopped training early, or "".

    Raises:
      DivergedError: the loss of a step is NaN or infinite.
      UsageError: a trigger leaves no step to run.
    """
    most = steps_per_loop or 1
    while state.host.step < total_steps:
        first = state.host.step
        if first in state.host.left_out:
            state.host.step += 1
            restart(first + 1)
            continue
        steps = min(most, _steps_left(first, total_steps, state.host.left_out, actions))
        begin = clock()
        result = run_loop(first, steps)
        end = clock()
        if result.bad_step is not None:
            raise DivergedError.at_step(result.bad_step)
        seconds, now = cluster.agree([end - begin, end])
        state.host.step += steps
        state.host.train_seconds += seconds
        moment = Moment(
            step=state.host.step,
            total_steps=total_steps,
            steps=steps,
            seconds=seconds,
            sums=result.sums,
            last=state.host.step == total_steps,
            now=now,
        )
        _call_actions(actions, moment)
        if moment.stop:
            return moment.stop
        if steps_per_loop is None:
            most = _adapted(most, steps, seconds)
    return ""


def _steps_left(first, total_steps, left_out, actions):
    """Steps from `first` to the end, the next step left out or the next one with an action due."""
    nearest = min([step for step in left_out if step > first], default=total_steps)
    left = nearest - first
    for action in actions:
        wanted = action.when.steps_left(first)
        if wanted < 1:
            raise UsageError(
                f"{type(action.when).__name__}.steps_left({first}): is {wanted}, must be at least 1"
            )
        left = min(left, wanted)
    return left


def _call_actions(actions, moment):
    for action in actions:
        if action.at_stop if moment.stop else action.when.due(moment) or moment.last:
            action.call(moment)


def _adapted(most, steps, seconds):
    """Steps of the next loop, such that it takes about _LOOP_SECONDS."""
    if steps < most:
        return most  # cut short by an action: its time says nothing about longer loops
    wanted = int(steps * _LOOP_SECONDS / max(seconds, 1e-6))
    return max(1, min(wanted, 4 * most, _MOST_STEPS))
