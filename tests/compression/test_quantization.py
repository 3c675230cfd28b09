"""Kernels on a grid of few bits, how files hold them, and the gradient past the rounding."""

import keras
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from tfapp.compression.grids import GRIDS
from tfapp.compression.quantization import Quantization
from tfapp.errors import UsageError

BYTES = {"int8": 1, "int4": 0.5, "float8": 1}  # of a weight
SHAPES = [(-1, (3, 3, 4, 5)), (-2, (3, 3, 5, 4)), (-1, (7, 9)), (-1, (1, 1))]


def model_of(*layers, shape=(2, 6, 6, 3)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers)
    model(np.zeros(shape, "f"))
    return model


def kernel_of(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("f") ** 3


def nearest_levels(name, values):
    if name == "float8":
        return values.astype(ml_dtypes.float8_e4m3fn).astype("f")
    return np.rint(values)


@pytest.mark.parametrize("axis, shape", SHAPES)
@pytest.mark.parametrize("name", GRIDS)
def test_each_output_has_a_scale_of_its_own_and_the_nearest_levels(name, axis, shape):
    kernel, grid = kernel_of(shape), GRIDS[name]
    found = np.moveaxis(grid.on_grid(tf.constant(kernel), axis).numpy(), axis, -1)
    kernel = np.moveaxis(kernel, axis, -1)
    outputs = kernel.shape[-1]
    scale = np.abs(kernel).reshape(-1, outputs).max(axis=0) / grid.largest
    levels = nearest_levels(name, kernel / scale)
    assert found == pytest.approx(levels * scale, rel=2e-4, abs=1e-9)
    assert np.abs(found).reshape(-1, outputs).max(axis=0) == pytest.approx(
        scale * grid.largest, rel=2e-4
    )


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", GRIDS)
def test_rounding_again_changes_no_bit_and_zeros_stay(name, compiled):
    on_grid = tf.function(GRIDS[name].on_grid, jit_compile=compiled, autograph=False)
    kernel = kernel_of((20, 300), seed=1)
    kernel[::3], kernel[:, 5] = 0, 0
    once = on_grid(tf.constant(kernel), -1)
    assert np.array_equal(on_grid(once, -1), once)
    assert not np.any(once.numpy()[kernel == 0])


@pytest.mark.parametrize("axis, shape", SHAPES)
@pytest.mark.parametrize("name", GRIDS)
def test_a_packed_kernel_is_read_bit_for_bit_and_takes_few_bytes(name, axis, shape):
    grid = GRIDS[name]
    kernel = grid.on_grid(tf.constant(kernel_of(shape, seed=2)), axis)
    packed, scale = grid.pack(kernel, axis)
    assert np.array_equal(grid.unpack(packed, scale, kernel.shape), kernel)
    assert packed.numpy().nbytes == np.ceil(BYTES[name] * kernel.numpy().size)
    assert scale.shape.num_elements() == shape[axis]


@pytest.mark.parametrize("name", GRIDS)
def test_kernels_alone_are_rounded_and_their_gradient_passes(name):
    layers = keras.layers
    model = model_of(
        layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(2)
    )
    values = tuple(v.value.read_value() for v in model.trainable_variables)
    quantization = Quantization(model, name)
    with tf.GradientTape() as tape:
        tape.watch(values)
        rounded = quantization(values)
        loss = tf.add_n([tf.reduce_sum(tf.square(v)) for v in rounded])
    gradients = tape.gradient(loss, values)
    changed = [not np.array_equal(a, b) for a, b in zip(values, rounded, strict=True)]
    assert changed == [v.path.endswith("kernel") for v in model.trainable_variables]
    for gradient, value in zip(gradients, rounded, strict=True):
        assert gradient.numpy() == pytest.approx(2 * value.numpy())
    for kernel in quantization.kernels:
        value, axis = rounded[kernel.position], kernel.outputs_axis
        assert np.array_equal(quantization.grid.on_grid(value, axis), value)


def test_a_model_without_kernels_is_refused():
    with pytest.raises(UsageError, match="--quantize: the model Sequential has no kernel"):
        Quantization(model_of(keras.layers.BatchNormalization()), "int4")
