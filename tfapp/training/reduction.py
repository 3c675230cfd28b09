"""The reduction between the two halves of a step, across replicas."""

import functools

import tensorflow as tf


def reduce_across_replicas(grads, state, loss, *, precision="float32"):
    """Sums gradients, averages statistics and assigned weights; called inside strategy.run.

    `precision`: float32, or bfloat16 for gradients that are sent, and added, in half the bytes.
    """
    context = tf.distribute.get_replica_context()
    add = functools.partial(context.all_reduce, tf.distribute.ReduceOp.SUM)
    if precision == "float32":
        # One type: reductions are packed into one buffer. The loss is only checked, not logged.
        *grads, loss = add([*grads, tf.cast(loss, grads[0].dtype)])
    else:
        sent = add([tf.cast(g, precision) for g in grads])
        grads = [tf.cast(g, old.dtype) for g, old in zip(sent, grads, strict=True)]
        loss = add(loss)
    floating = [i for i, v in enumerate(state) if v.dtype.is_floating]
    if floating:
        means = context.all_reduce(tf.distribute.ReduceOp.MEAN, [state[i] for i in floating])
        state = list(state)
        for i, mean in zip(floating, means, strict=True):
            state[i] = mean
    return tuple(grads), tuple(state), loss
