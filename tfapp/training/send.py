"""Values of a state from worker 0 to the other workers, bit for bit."""

import tensorflow as tf

_AS_INTEGERS = {4: tf.int32, 8: tf.int64}  # bytes of a value -> what its bits are sent as


def send_values(state, strategy):
    """Gives every replica of every worker the values that the first replica of worker 0 holds.

    All workers call it at the same time.

    Args:
      state: a `TrainState`.
      strategy: the tf.distribute.Strategy under which its variables were made.
    """

    def on_replica():
        context = tf.distribute.get_replica_context()
        replica = tf.get_static_value(context.replica_id_in_sync_group)
        values = state.read(replica)
        state.write(
            {name: [_sent(v, context, replica) for v in group] for name, group in values.items()},
            replica,
        )

    tf.function(lambda: strategy.run(on_replica), autograph=False)()


def _sent(value, context, replica):
    """The first replica's value: the sum of its bits and of zeros of the others."""
    bits = tf.bitcast(value, _AS_INTEGERS[value.dtype.size])
    bits = bits if replica == 0 else tf.zeros_like(bits)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, bits)
    return tf.bitcast(total, value.dtype)
