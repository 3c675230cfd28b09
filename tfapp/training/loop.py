"""The inner loop: N steps in one call, without returning to the host in between.

`make_loop` closes over everything and returns run(first_step, num_steps) -> sums. One replica
carries the values of all variables through the loop; several keep them in their variables, for
strategy.run cannot carry them.
"""

import tensorflow as tf

from tfapp.training.placement import compile_step
from tfapp.training.step import (
    make_train_step,
    reduce_across_replicas,
    reduce_nothing,
    zero_sums,
)

INPUT_WAIT = "input_wait"  # seconds, among the sums of a loop


def make_loop(*, state, functions, engine, strategy, placement, metric_names):
    """Builds the compiled loop.

    Args:
      state: a `TrainState`; read before and written after each call.
      functions: `StepFunctions`.
      engine: see `tfapp.data.resident.ResidentInput`.
      strategy: the tf.distribute.Strategy.
      placement: a `Placement`.
      metric_names: of the task.

    Returns:
      run(first_step, num_steps) -> dict of float, sums over the examples of those steps.
    """
    functions = compile_step(functions, placement)
    if strategy.num_replicas_in_sync == 1:
        loop = _one_replica(state, functions, engine, placement, metric_names)
    else:
        loop = _many_replicas(state, functions, engine, strategy, metric_names)

    def run(first_step, num_steps):
        sums = loop(
            engine.inputs, tf.constant(first_step, tf.int64), tf.constant(num_steps, tf.int64)
        )
        return {name: float(value) for name, value in sums.items()}

    return run


def _one_replica(state, functions, engine, placement, metric_names):
    train_step = make_train_step(functions, reduce_nothing)
    if placement.step:
        train_step = tf.function(train_step, jit_compile=True)

    def loop(inputs, first_step, num_steps):
        def body(i, values, sums):
            pulled, wait = _pull(engine, inputs, first_step + i, sums)
            values, step_sums = train_step(values, engine.batch(pulled, 0), 0)
            return i + 1, values, _add(sums, step_sums, wait)

        start = (tf.constant(0, tf.int64), state.read(), _zeros(metric_names))
        _, values, sums = tf.while_loop(lambda i, *_: i < num_steps, body, start)
        state.write(values)
        return sums

    return tf.function(loop, jit_compile=True if placement.loop else None)


def _many_replicas(state, functions, engine, strategy, metric_names):
    train_step = make_train_step(functions, reduce_across_replicas)

    def replica_step(pulled):
        context = tf.distribute.get_replica_context()
        replica = tf.get_static_value(context.replica_id_in_sync_group)
        batch = engine.batch(pulled, replica)
        values, sums = train_step(state.read(replica), batch, replica)
        state.write(values, replica)
        return sums

    def one_step(pulled):
        sums = strategy.run(replica_step, args=(pulled,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in sums.items()
        }

    def loop(inputs, first_step, num_steps):
        def body(i, sums):
            pulled, wait = _pull(engine, inputs, first_step + i, sums)
            return i + 1, _add(sums, one_step(pulled), wait)

        start = (tf.constant(0, tf.int64), _zeros(metric_names))
        return tf.while_loop(lambda i, _: i < num_steps, body, start)[1]

    return tf.function(loop)


def _zeros(metric_names):
    return {**zero_sums(metric_names), INPUT_WAIT: tf.zeros([], tf.float64)}


def _add(sums, step_sums, wait):
    total = {name: sums[name] + value for name, value in step_sums.items()}
    return {**total, INPUT_WAIT: sums[INPUT_WAIT] + wait}


def _pull(engine, inputs, step, sums):
    """The step's input and the seconds it was waited for, counted from the end of the last step."""
    if not engine.waits:
        return engine.pull(inputs, step), tf.zeros([], tf.float64)
    with tf.control_dependencies(tf.nest.flatten(sums)):
        begin = tf.timestamp()
    with tf.control_dependencies([begin]):
        pulled = engine.pull(inputs, step)
    with tf.control_dependencies(_tensors(pulled)):
        return pulled, tf.timestamp() - begin


def _tensors(pulled):
    """The tensors of a batch, or of every replica's part of it."""
    parts = [getattr(value, "values", (value,)) for value in tf.nest.flatten(pulled)]
    return [tensor for part in parts for tensor in part]
