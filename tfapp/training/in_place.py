"""A step that updates the state's variables themselves, so that old and new values never stand side
by side.

Where values travel through a loop, the variables, the values before a step and those after it are
alive at once: up to twelve bytes for every byte of weights with Adam, where weights, two slots and
a gradient take four. XLA's programs read and assign the variables themselves, and write new values
over old ones; with TensorFlow's kernels, one variable is updated after the other, see
`tfapp.training.pieces`. A loop that is one XLA program as a whole does so anyway.
"""

import functools

import tensorflow as tf

from tfapp.training import groups, pieces
from tfapp.training.placement import apart
from tfapp.training.step import make_halves


def is_worth_it(state, placement, *, hooks):
    """Whether a `TrainState` is updated in place; `hooks` after the update may read old values."""
    return state.is_large and state.shards is None and not placement.loop and not hooks


def make_step(*, state, functions, reduce, options, placement, replicas):
    """Builds step(batch, replica, step, discard) -> (sums, bad), which reads and assigns variables.

    Args:
      state: a `TrainState`.
      functions: `StepFunctions` without hooks, as the placement compiles them.
      reduce: see `make_train_step`, as for the step's arguments and results.
      options: `StepOptions`.
      placement: a `Placement`, not that of the whole loop.
      replicas: how many there are; several call the step inside strategy.run.

    `discard`, a bool scalar: all values stay as they are.
    """
    first, second = make_halves(functions, reduce, options)

    def read(batch, replica):
        return first(state.read(replica, groups.for_gradients), batch, replica)

    def assign(reduced, replica, step, discard):
        values = state.read(replica)
        new, sums, bad = second(values, reduced, step, replica, discard)
        state.write({k: group for k, group in new.items() if group is not values[k]}, replica)
        return sums, bad

    def whole(batch, replica, step, discard):
        return assign(read(batch, replica), replica, step, discard)

    if placement.step:
        return tf.function(whole, jit_compile=True, autograph=False)
    read_apart = apart(read) if replicas == 1 else read
    divided = None if placement.update else pieces.plan(state.optimizer)
    if placement.update:
        assign = _compiled(assign)
    elif divided is not None:
        assign = _in_pieces(state, options, divided)

    def halves(batch, replica, step, discard):
        return assign(read_apart(batch, replica), replica, step, discard)

    return halves


def _compiled(assign):
    """`assign` as XLA programs: one a replica, since a program holds variables of one device."""

    @functools.cache
    def of(replica):
        def assign_on_replica(reduced, step, discard):
            return assign(reduced, replica, step, discard)

        return tf.function(assign_on_replica, jit_compile=True, autograph=False)

    return lambda reduced, replica, step, discard: of(int(replica))(reduced, step, discard)


def _in_pieces(state, options, divided):
    second = pieces.make_second(state.optimizer, options, divided)

    def assign(reduced, replica, step, discard):
        return second(state.variables(replica), reduced, step, discard)

    return assign
