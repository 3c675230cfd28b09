"""Kernels on a grid of 8 bits, and the gradient that passes the rounding."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.compression.quantization import Quantization, on_grid
from tfapp.errors import UsageError


def model_of(*layers, shape=(2, 6, 6, 3)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers)
    model(np.zeros(shape, "f"))
    return model


@pytest.mark.parametrize("axis, shape", [(-1, (3, 3, 4, 5)), (-2, (3, 3, 5, 4)), (-1, (7, 9))])
def test_each_output_has_a_scale_of_its_own_and_whole_steps(axis, shape):
    kernel = np.random.default_rng(0).normal(size=shape).astype("f")
    found = np.moveaxis(on_grid(tf.constant(kernel), axis).numpy(), axis, -1)
    kernel = np.moveaxis(kernel, axis, -1)
    scale = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0) / 127
    steps = found / scale
    assert steps == pytest.approx(np.rint(steps), abs=1e-4)
    assert np.abs(np.rint(steps)).max() == 127
    assert (np.abs(found - kernel) <= scale / 2 + 1e-7).all()


def test_rounding_again_changes_nothing_and_zeros_stay():
    kernel = np.random.default_rng(0).normal(size=(20, 8)).astype("f")
    kernel[::3], kernel[:, 5] = 0, 0
    once = on_grid(tf.constant(kernel), -1)
    assert np.array_equal(on_grid(once, -1), once)
    assert not np.any(once.numpy()[kernel == 0])


def test_kernels_alone_are_rounded_and_their_gradient_passes():
    layers = keras.layers
    model = model_of(
        layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)
    )
    values = tuple(v.value.read_value() for v in model.trainable_variables)
    quantization = Quantization(model)
    with tf.GradientTape() as tape:
        tape.watch(values)
        rounded = quantization(values)
        loss = tf.add_n([tf.reduce_sum(tf.square(v)) for v in rounded])
    gradients = tape.gradient(loss, values)
    changed = [not np.array_equal(a, b) for a, b in zip(values, rounded, strict=True)]
    assert changed == [v.path.endswith("kernel") for v in model.trainable_variables]
    for gradient, value in zip(gradients, rounded, strict=True):
        assert gradient.numpy() == pytest.approx(2 * value.numpy())


def test_a_model_without_kernels_is_refused():
    with pytest.raises(UsageError, match="--quantize: the model Sequential has no kernel"):
        Quantization(model_of(keras.layers.BatchNormalization()))
