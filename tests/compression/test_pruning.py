"""Masks follow their schedule and pattern, and what they hide is zero."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.compression.kernels import kernels_of
from tfapp.compression.pruning import MASKS, Pruning
from tfapp.compression.sparsity import sparsity_of
from tfapp.errors import UsageError
from tfapp.training.groups import EMA, TRAINABLE


def conv_net():
    """Two convolutions, of which one has a single input channel, and a dense layer."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Conv2D(8, 3),
            keras.layers.BatchNormalization(),
            keras.layers.DepthwiseConv2D(3),
            keras.layers.Conv2D(16, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
    )
    model(np.zeros((1, 8, 8, 1), "f"))
    return model


def masked(pruning, model, steps):
    """The values after the hook has been called for steps 0, 1, ...: (each step's, the model's)."""
    weights = tuple(v.value.read_value() for v in model.trainable_variables)
    masks = tuple(v.value.read_value() for v in pruning.masks(model))
    values = {TRAINABLE: weights, EMA: weights, MASKS: masks}
    for step in range(steps):
        values = {**values, **pruning(values, tf.constant(step, tf.int64))}
        yield values


def share_of_zeros(values, model, group=TRAINABLE):
    return sparsity_of(model, values[group])["overall"]


def test_only_kernels_of_dense_and_convolution_layers_are_pruned():
    model = conv_net()
    pruned = {kernel.position for kernel in kernels_of(model)}
    shapes = [tuple(v.shape) for i, v in enumerate(model.trainable_variables) if i in pruned]
    assert shapes == [(3, 3, 1, 8), (3, 3, 8, 16), (64, 4)]


def test_zeros_rise_by_the_cubic_schedule_and_stay():
    model, pruning = conv_net(), Pruning(0.8, 2, 11)
    steps = list(masked(pruning, model, 16))
    shares = [share_of_zeros(values, model) for values in steps]
    wanted = [0.8 * (1 - (1 - np.clip((i - 1) / 10, 0, 1)) ** 3) for i in range(16)]
    assert shares == pytest.approx(wanted, abs=1e-3)
    assert shares[1] == 0 and shares[11] == shares[15] == pytest.approx(0.8, abs=1e-3)
    for before, after in itertools.pairwise(steps):
        for old, new in zip(before[MASKS], after[MASKS], strict=True):
            assert not np.any(~old.numpy() & new.numpy())  # none comes back


def test_the_smallest_go_and_no_kernel_is_emptied():
    model, pruning = conv_net(), Pruning(0.8, 0, 0)
    small = model.layers[3].kernel
    small.assign(small * 1e-3)
    (values,) = masked(pruning, model, 1)
    found = sparsity_of(model, values[TRAINABLE])["layers"]
    assert [k.rpartition("/")[2] for k in found] == ["kernel"] * 3
    shares = list(found.values())
    assert shares[1] == pytest.approx(0.98, abs=1e-3)  # by itself it would be empty
    kept = np.abs(values[TRAINABLE][0].numpy())
    before = np.abs(model.layers[0].kernel.numpy())
    assert before[kept == 0].max(initial=0) < kept[kept > 0].min()


def test_averages_are_masked_and_zeros_are_positive():
    model = conv_net()
    (values,) = masked(Pruning(0.5, 0, 0), model, 1)
    for group in (TRAINABLE, EMA):
        assert share_of_zeros(values, model, group) == pytest.approx(0.5, abs=1e-3)
        kernel = values[group][0].numpy()
        assert not np.signbit(kernel[kernel == 0]).any()  # which compress best


@pytest.mark.parametrize("n, m", [(2, 4), (1, 8)])
def test_of_each_group_of_inputs_the_largest_stay(n, m):
    model = conv_net()
    (values,) = masked(Pruning(1 - n / m, 0, 0, (n, m)), model, 1)
    before = [v.numpy() for v in model.trainable_variables]
    after = [v.numpy() for v in values[TRAINABLE]]
    assert np.array_equal(after[0], before[0])  # its one input makes no group
    for kernel in kernels_of(model)[1:]:
        old, new = (np.moveaxis(w[kernel.position], -2, -1) for w in (before, after))
        old, new = (w.reshape(-1, m) for w in (old, new))
        assert ((new != 0).sum(axis=1) == n).all()
        order = np.argsort(-np.abs(old), axis=1)
        assert np.array_equal(np.sort(order[:, :n]), np.nonzero(new)[1].reshape(-1, n))


def test_a_pattern_takes_the_inputs_of_a_group_one_by_one():
    model = conv_net()
    shares = [share_of_zeros(v, model) for v in masked(Pruning(0.5, 0, 9, (2, 4)), model, 10)]
    levels = sorted(set(shares))
    assert levels == pytest.approx([0, shares[-1] / 2, shares[-1]], abs=1e-3)
    assert shares == sorted(shares)


def test_the_last_update_is_due_at_the_end_however_long_the_run():
    model, pruning = conv_net(), Pruning(0.8, 0, 251)  # masks follow every second step
    values = {
        TRAINABLE: tuple(v.value.read_value() for v in model.trainable_variables),
        MASKS: tuple(v.value.read_value() for v in pruning.masks(model)),
    }
    shares = [
        share_of_zeros(pruning(values, tf.constant(step, tf.int64)), model)
        for step in (249, 250, 251)
    ]
    assert shares == pytest.approx([0, 0.8, 0.8], abs=2e-3)


def test_the_log_names_the_kernels_that_a_pattern_leaves():
    model = conv_net()
    assert Pruning(0.8, 2, 11).describe(model) == (
        "0.8 of 1,480 weights in 3 kernels, from step 2 to 11"
    )
    left = kernels_of(model)[0].path
    assert f"{left}: inputs are no multiple" in Pruning(0.5, 2, 11, (2, 4)).describe(model)


def test_an_update_of_the_masks_that_was_left_out_is_made_up_for():
    model, pruning = conv_net(), Pruning(0.8, 0, 4)
    *_, values = masked(pruning, model, 4)
    after = {**values, **pruning(values, tf.constant(5, tf.int64))}  # step 4 was not made
    assert share_of_zeros(after, model) == pytest.approx(0.8, abs=1e-3)


def test_a_model_without_kernels_is_refused():
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.BatchNormalization()])
    model(np.zeros((2, 8), "f"))
    with pytest.raises(UsageError, match="has no kernel of a dense or convolution layer"):
        Pruning(0.5, 0, 1).masks(model)
    with pytest.raises(UsageError, match="whose inputs are a multiple of 5"):
        Pruning(0.5, 0, 1, (2, 5)).masks(conv_net())
