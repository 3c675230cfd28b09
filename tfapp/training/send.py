"""Values of variables from worker 0 to the other workers, bit for bit."""

import tensorflow as tf

_AS_INTEGERS = {4: tf.int32, 8: tf.int64}  # bytes of a value -> what its bits are sent as


def send_values(variables, strategy):
    """Gives the variables of every worker the values that those of worker 0 have.

    All workers call it at the same time, with the same variables in the same order.

    Args:
      variables: tf.Variables, made under the strategy or outside of it.
      strategy: the tf.distribute.Strategy.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def send(bits):
        def on_replica():
            context = tf.distribute.get_replica_context()
            first = tf.get_static_value(context.replica_id_in_sync_group) == 0
            mine = tf.identity(bits) if first else tf.zeros_like(bits)
            return context.all_reduce(tf.distribute.ReduceOp.SUM, mine)

        return strategy.experimental_local_results(strategy.run(on_replica))[0]

    for variable in variables:  # one at a time: there may be no room for all of them twice
        value = strategy.experimental_local_results(variable)[0].read_value()
        sent = send(tf.bitcast(value, _AS_INTEGERS[value.dtype.size]))
        variable.assign(tf.bitcast(sent, value.dtype))
