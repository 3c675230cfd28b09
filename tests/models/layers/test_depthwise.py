"""Depthwise convolution and both of its gradients equal TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.models.layers.depthwise import DepthwiseConvolution, convolve


@pytest.mark.parametrize("shape, size", [((3, 6, 5, 4), 7), ((2, 1, 1, 3), 7), ((2, 9, 9, 2), 3)])
@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-4), ("bfloat16", 3e-2)])
def test_equals_tensorflows_own(shape, size, dtype, rtol):
    draw = np.random.default_rng(0)
    x = tf.cast(draw.normal(size=shape), dtype)
    kernel = tf.cast(draw.normal(size=(size, size, shape[-1], 1)), dtype)
    upstream = tf.cast(draw.normal(size=shape), dtype)

    def own(x, kernel):
        x, kernel = tf.cast(x, "float32"), tf.cast(kernel, "float32")
        return tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME")

    results = []
    for function in (convolve, own):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = function(x, kernel)
        results.append([y, *tape.gradient(y, [x, kernel], tf.cast(upstream, y.dtype))])
    for ours, theirs in zip(*results, strict=True):
        ours, theirs = tf.cast(ours, "float32").numpy(), tf.cast(theirs, "float32").numpy()
        np.testing.assert_allclose(ours, theirs, atol=rtol * np.abs(theirs).max())


def test_the_batch_may_be_unknown():
    layer = DepthwiseConvolution(3, "ones")
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, 4, 4, 2))])
    assert call(tf.ones((2, 4, 4, 2)))[0, 1, 1].numpy() == pytest.approx([9, 9])
