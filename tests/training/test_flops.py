"""The operations of products and convolutions against their formulas."""

import pytest
import tensorflow as tf

from tfapp.training.flops import count_flops


def f32(*shape):
    return tf.TensorSpec(shape, tf.float32)


@pytest.mark.parametrize(
    "function, shapes, expected",
    [
        (tf.matmul, [(3, 4), (4, 5)], 2 * 3 * 4 * 5),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), [(4, 3), (4, 5)], 2 * 3 * 4 * 5),
        (tf.matmul, [(7, 3, 4), (7, 4, 5)], 7 * 2 * 3 * 4 * 5),
        (lambda a, b: tf.einsum("bij,jk->bik", a, b), [(7, 3, 4), (4, 5)], 7 * 2 * 3 * 4 * 5),
        (lambda a, b: tf.einsum("...ij,jk->...ik", a, b), [(7, 3, 4), (4, 5)], 7 * 2 * 60),
        (lambda x, k: tf.nn.conv2d(x, k, 1, "VALID"), [(2, 8, 8, 3), (3, 3, 3, 5)],
         2 * 2 * 36 * 135),
        (lambda x, k: tf.nn.depthwise_conv2d(x, k, [1] * 4, "SAME"), [(2, 8, 8, 3), (3, 3, 3, 1)],
         2 * 2 * 64 * 3 * 9),
        (lambda a, b: a + tf.exp(b), [(3, 4), (3, 4)], 0),
    ],
)  # fmt: skip
def test_forward(function, shapes, expected):
    assert count_flops(function, *(f32(*shape) for shape in shapes)) == expected


@pytest.mark.parametrize(
    "function, shapes",
    [
        (tf.matmul, [(3, 4), (4, 5)]),
        (lambda x, k: tf.nn.conv2d(x, k, 1, "SAME"), [(2, 8, 8, 3), (3, 3, 3, 5)]),
    ],
)
def test_backward_costs_twice_the_forward_pass(function, shapes):
    def gradients(a, b):
        with tf.GradientTape() as tape:
            tape.watch((a, b))
            outputs = function(a, b)
        return tape.gradient(outputs, (a, b))

    specs = [f32(*shape) for shape in shapes]
    forward, both = count_flops(function, *specs), count_flops(gradients, *specs)
    assert both in (2 * forward, 3 * forward)  # a matmul's own outputs are not needed


def test_unknown_shapes_are_not_guessed():
    assert count_flops(tf.matmul, f32(None, 4), f32(4, 5)) is None
