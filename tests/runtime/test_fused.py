"""A compiled chain of operations gives the values and gradients of the chain itself."""

import contextlib

import pytest
import tensorflow as tf

from tfapp.runtime.fused import fused, uncompiled


@fused
def two_outputs(x, y):
    return tf.tanh(x * y), x + 2.0 * y


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_values_and_gradients(dtype, used):
    x, y = (tf.cast(tf.random.stateless_normal((5, 3), (0, i)), dtype) for i in range(2))

    def run():
        with tf.GradientTape() as tape:
            tape.watch((x, y))
            outputs = two_outputs(x, y)
            loss = tf.add_n([tf.reduce_sum(tf.square(outputs[i])) for i in used])
        return outputs, tape.gradient(loss, (x, y))

    rel = 0.05 if dtype == "bfloat16" else 1e-5
    for a, b in zip(tf.nest.flatten(run()), tf.nest.flatten(tf.function(run)()), strict=True):
        found = tf.cast(b, tf.float32).numpy()
        assert found == pytest.approx(tf.cast(a, tf.float32).numpy(), rel=rel, abs=1e-5)


@pytest.mark.parametrize("where, compiles", [(contextlib.nullcontext, True), (uncompiled, False)])
def test_where_it_is_compiled(where, compiles):
    def called(x):
        with where():
            return two_outputs(x, x)

    graph = tf.function(called).get_concrete_function(tf.TensorSpec((2,))).graph
    inner = list(graph.as_graph_def().library.function)
    assert any(f.attr["_XlaMustCompile"].b for f in inner) == compiles
