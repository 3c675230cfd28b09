"""The inner loop: N steps in one call, without returning to the host in between.

`make_loop` closes over everything and returns run(first_step, num_steps) -> LoopResult. One replica
carries the values of all variables through the loop; several keep them in their variables, for
strategy.run cannot carry them. So does one if the state is large: then a step updates the variables
in place. A loss that is not finite ends the loop at that step, on the device.
"""

import contextlib
import dataclasses
import functools
import time

import numpy as np
import tensorflow as tf

from tfapp.training import in_place
from tfapp.training.placement import apart, compile_step
from tfapp.training.reduction import reduce_across_replicas
from tfapp.training.step import make_train_step, reduce_nothing
from tfapp.training.sums import SKIPPED, add_sums, to_host, zero_sums

INPUT_WAIT = "input_wait"  # seconds, among the sums of a loop
_NONE = -1  # in place of a step number


@dataclasses.dataclass(frozen=True)
class LoopResult:
    """What a loop of steps reports."""

    sums: dict  # over its examples: float, or np.ndarray of a metric; with SKIPPED and INPUT_WAIT
    bad_step: int | None  # the step whose loss was not finite; the loop ended there


def make_loop(*, state, functions, options, engine, strategy, placement, metrics):
    """Builds the compiled loop.

    Args:
      state: a `TrainState`; read before and written after each call.
      functions: `StepFunctions`.
      options: `StepOptions`.
      engine: see `tfapp.data.pipeline.resident.ResidentInput`.
      strategy: the tf.distribute.Strategy.
      placement: a `Placement`.
      metrics: `Metric`s of training.

    Returns:
      run(first_step, num_steps, discard=False) -> `LoopResult`; if `discard`, the state is
      afterwards what it was before, bit for bit.
    """
    functions = compile_step(functions, placement)
    pull = _puller(engine, strategy, _python_clock if options.deterministic else tf.timestamp)
    replicas = strategy.num_replicas_in_sync
    reduce = reduce_nothing
    if replicas > 1:
        reduce = functools.partial(reduce_across_replicas, precision=options.allreduce_precision)
    updates_in_place = in_place.is_worth_it(state, placement, hooks=functions.hooks)
    if updates_in_place:
        step = in_place.make_step(
            state=state, functions=functions, reduce=reduce, options=options, placement=placement,
            replicas=replicas,
        )  # fmt: skip
        loop = _over_variables(step, pull, engine, strategy, metrics)
    elif replicas == 1:
        train_step = make_train_step(functions, reduce, options)
        loop = _over_values(state, train_step, pull, engine, placement, metrics)
    else:
        step = _assigning(state, make_train_step(functions, reduce, options, state.shards))
        loop = _over_variables(step, pull, engine, strategy, metrics)

    def run(first_step, num_steps, *, discard=False):
        with contextlib.nullcontext() if updates_in_place or not discard else state.unchanged():
            sums, bad_step = loop(
                engine.inputs,
                tf.constant(first_step, tf.int64),
                tf.constant(num_steps, tf.int64),
                tf.constant(discard),
            )
        bad_step = int(bad_step)
        return LoopResult(to_host(sums), None if bad_step == _NONE else bad_step)

    return run


def _over_values(state, train_step, pull, engine, placement, metrics):
    """The loop of one replica that carries values."""
    if placement.step:
        train_step = tf.function(train_step, jit_compile=True, autograph=False)
    elif not placement.loop:
        train_step = apart(train_step)

    def loop(inputs, first_step, num_steps, discard):
        del discard
        prepared = engine.prepare(inputs)

        def body(step, values, sums, bad_step):
            pulled, wait = pull(prepared, step, sums)
            values, step_sums, bad = train_step(values, engine.batch(pulled, 0), 0, step)
            return step + 1, values, _add(sums, step_sums, wait), _bad_step(bad, step)

        _, values, sums, bad_step = tf.while_loop(
            _going_on(first_step + num_steps),
            body,
            (first_step, state.read(), _zeros(metrics), tf.constant(_NONE, tf.int64)),
        )
        state.write(values)
        return sums, bad_step

    return tf.function(loop, jit_compile=True if placement.loop else None, autograph=False)


def _assigning(state, train_step):
    """A step that reads and assigns the variables of a replica, see `in_place.make_step`."""

    def step_of_replica(batch, replica, step, discard):
        del discard
        values = state.read(replica)
        new, sums, bad = train_step(values, batch, replica, step)
        changed = {name: group for name, group in new.items() if group is not values[name]}
        state.write(changed, replica)
        return sums, bad

    return step_of_replica


def _over_variables(step_of_replica, pull, engine, strategy, metrics):
    """The loop whose steps read and assign variables, of one replica or of several."""

    def replica_step(pulled, step, discard):
        context = tf.distribute.get_replica_context()
        replica = tf.get_static_value(context.replica_id_in_sync_group)
        return step_of_replica(engine.batch(pulled, replica), replica, step, discard)

    def one_step(pulled, step, discard):
        if strategy.num_replicas_in_sync == 1:
            return step_of_replica(engine.batch(pulled, 0), 0, step, discard)
        sums, bad = strategy.run(replica_step, args=(pulled, step, discard))
        total = {
            name: strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in sums.items()
        }
        return total, strategy.experimental_local_results(bad)[0]  # the same on each of them

    def loop(inputs, first_step, num_steps, discard):
        if strategy.num_replicas_in_sync == 1:
            inputs = engine.prepare(inputs)

        def body(step, sums, bad_step):
            pulled, wait = pull(inputs, step, sums)
            step_sums, bad = one_step(pulled, step, discard)
            return step + 1, _add(sums, step_sums, wait), _bad_step(bad, step)

        _, sums, bad_step = tf.while_loop(
            _going_on(first_step + num_steps),
            body,
            (first_step, _zeros(metrics), tf.constant(_NONE, tf.int64)),
        )
        return sums, bad_step

    return tf.function(loop, autograph=False)


def _going_on(end):
    """Condition of a loop whose variables begin with the step and end with the bad step."""

    def condition(step, *others):
        return (step < end) & (others[-1] == _NONE)

    return condition


def _bad_step(bad, step):
    return tf.where(bad, step, tf.constant(_NONE, tf.int64))


def _zeros(metrics):
    zero = tf.zeros([], tf.float64)
    return {**zero_sums(metrics), SKIPPED: zero, INPUT_WAIT: zero}


def _add(sums, step_sums, wait):
    return add_sums(sums, {**step_sums, INPUT_WAIT: wait})


def _puller(engine, strategy, clock):
    """Returns pull(inputs, step, sums) -> the step's input, and the seconds it was waited for.

    They are counted from the end of the step before, whose `sums` are ready then. `clock` returns
    seconds, a float64 scalar tensor.
    """

    def pull(inputs, step, sums):
        if not engine.waits:
            return engine.pull(inputs, step), tf.zeros([], tf.float64)
        with tf.control_dependencies(tf.nest.flatten(sums)):
            begin = clock()
        with tf.control_dependencies([begin]):
            pulled = engine.pull(inputs, step)
        with tf.control_dependencies(_tensors(pulled, strategy)):
            return pulled, clock() - begin

    return pull


def _python_clock():
    """`tf.timestamp` fails where TensorFlow's operations are to be deterministic."""
    with tf.device("CPU:0"):
        now = tf.numpy_function(lambda: np.float64(time.monotonic()), (), tf.float64)
    return tf.ensure_shape(now, ())


def _tensors(pulled, strategy):
    """The tensors of a batch, of every local replica's part of it."""
    parts = [strategy.experimental_local_results(value) for value in tf.nest.flatten(pulled)]
    return [tensor for part in parts for tensor in part]
