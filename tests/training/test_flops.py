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


def conv(x, k):
    return tf.nn.conv2d(x, k, 1, "SAME")


def depthwise(x, k):
    return tf.nn.depthwise_conv2d(x, k, [1] * 4, "SAME")


@pytest.mark.parametrize(
    "layer, inputs, weights, forward",
    [
        (tf.matmul, (3, 4), (4, 5), 2 * 3 * 5 * 4),
        (conv, (2, 8, 8, 3), (3, 3, 3, 5), 2 * (2 * 8 * 8 * 5) * (3 * 3 * 3)),
        (depthwise, (2, 8, 8, 3), (3, 3, 3, 2), 2 * (2 * 8 * 8 * 3 * 2) * (3 * 3)),
    ],
    ids=["dense", "convolution", "depthwise"],
)
def test_each_gradient_costs_what_the_forward_pass_does(layer, inputs, weights, forward):
    """A layer's two gradients: of its weights, and, unless it is the first, of its inputs.

    Each is as many multiply-adds as the layer: one for each pair of an input and a weight that meet
    in an output. The loss is a square, so that the outputs themselves are needed too. A gradient
    that is not used is not computed, though its operations are in the graph.
    """

    def step(*sources):
        def compute(x, w):
            with tf.GradientTape() as tape:
                tape.watch((x, w))
                loss = tf.reduce_sum(tf.square(layer(x, w)))
            return tape.gradient(loss, [{"x": x, "w": w}[name] for name in sources])

        return count_flops(compute, f32(*inputs), f32(*weights))

    assert count_flops(layer, f32(*inputs), f32(*weights)) == forward
    assert step("w") == 2 * forward
    assert step("x") == 2 * forward
    assert step("w", "x") == 3 * forward


def test_unknown_shapes_are_not_guessed():
    assert count_flops(tf.matmul, f32(None, 4), f32(4, 5)) is None
