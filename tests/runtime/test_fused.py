"""A compiled chain of operations gives the values and gradients of the chain itself."""

import pytest
import tensorflow as tf

from tfapp.runtime.fused import fused


@fused
def two_outputs(x, y):
    return tf.tanh(x * y), x + 2.0 * y


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_values_and_gradients(dtype, used):
    x, y = (tf.cast(tf.random.stateless_normal((5, 3), (0, i)), dtype) for i in range(2))

    @tf.function
    def run(training):
        with tf.GradientTape() as tape:
            tape.watch((x, y))
            outputs = two_outputs(x, y, training=training)
            loss = tf.add_n([tf.reduce_sum(tf.square(outputs[i])) for i in used])
        return outputs, tape.gradient(loss, (x, y))

    expected, found = run(training=False), run(training=True)
    for a, b in zip(tf.nest.flatten(expected), tf.nest.flatten(found), strict=True):
        assert tf.cast(b, tf.float32).numpy() == pytest.approx(
            tf.cast(a, tf.float32).numpy(), rel=0.05 if dtype == "bfloat16" else 1e-5, abs=1e-5
        )


def test_outside_of_training_nothing_is_compiled():
    """An exported model must not need XLA."""

    def operations(training):
        function = tf.function(lambda x: two_outputs(x, x, training=training))
        graph = function.get_concrete_function(tf.TensorSpec((2,))).graph
        return {op.type for op in graph.get_operations()}

    assert not operations(False) & {"PartitionedCall", "StatefulPartitionedCall"}
    assert operations(True) & {"PartitionedCall", "StatefulPartitionedCall"}
