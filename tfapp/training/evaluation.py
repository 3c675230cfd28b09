"""Evaluation: every example counted exactly once, whatever the batch and the replicas.

The last batch is filled up with repeated rows whose sample weight is 0.
"""

import tensorflow as tf

from tfapp.tasks import with_derived
from tfapp.training.forward import forward
from tfapp.training.step import metric_sums, zero_sums


def make_evaluation(*, state, inputs, model, task, preprocess, label, strategy, jit):
    """Builds the compiled evaluation of one split.

    Args:
      state: a `TrainState`, read on each call.
      inputs: see `tfapp.data.pipeline.evaluation.evaluation_input`.
      label: name of the label in a batch.
      jit: whether one replica's whole pass is one XLA program.

    Returns:
      run() -> dict of float: averages over the split's examples.
    """
    one_replica = strategy.num_replicas_in_sync == 1

    def replica_sums(pulled, replica):
        batch = inputs.batch(pulled, replica)
        outputs, _, _ = forward(
            model, *state.read_for_answers(replica), preprocess(batch), training=False
        )
        losses = task.losses(outputs, batch[label])
        return metric_sums(task, outputs, batch[label], losses, batch)

    if inputs.waits and jit and one_replica:  # what reads from the host cannot be compiled
        replica_sums = tf.function(replica_sums, jit_compile=True, autograph=False)

    def on_replica(pulled):
        context = tf.distribute.get_replica_context()
        return replica_sums(pulled, tf.get_static_value(context.replica_id_in_sync_group))

    def one_step(pulled):
        if one_replica:
            return replica_sums(pulled, 0)
        sums = strategy.run(on_replica, args=(pulled,))
        return {k: strategy.reduce(tf.distribute.ReduceOp.SUM, v, None) for k, v in sums.items()}

    def all_steps(tensors):
        def body(step, sums):
            step_sums = one_step(inputs.pull(tensors, step))
            return step + 1, {name: sums[name] + step_sums[name] for name in sums}

        start = (tf.constant(0, tf.int64), zero_sums(task.metric_names))
        return tf.while_loop(lambda step, _: step < inputs.num_steps, body, start)[1]

    jit_all = jit and one_replica and not inputs.waits
    compiled = tf.function(all_steps, jit_compile=True if jit_all else None, autograph=False)

    def run():
        return with_derived(task, averages(compiled(inputs.start())))

    return run


def averages(sums):
    """Sums over examples, as `metric_sums` returns them, to averages; "count" is dropped."""
    sums = {name: float(value) for name, value in sums.items()}
    count = sums.pop("count")
    return {name: value / count for name, value in sums.items()}
