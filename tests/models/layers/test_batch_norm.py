"""The fused batch normalisation equals Keras's, and over replicas that of one batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses
from tfapp.models.layers import FusedBatchNorm

X = np.random.default_rng(0).normal(3, 2, (8, 5, 5, 4)).astype("f4")


def layers():
    """Ours and Keras's, with the same uneven scale and offset."""
    ours = FusedBatchNorm(momentum=0.9, epsilon=1e-5)
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    for layer in (ours, theirs):
        layer.build(X.shape)
        layer.gamma.assign([0.5, 1.0, 2.0, -1.0])
        layer.beta.assign([0.0, 1.0, -1.0, 2.0])
    return ours, theirs


def outputs_and_gradients(layer, training):
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=training)
        loss = tf.reduce_sum(tf.sin(outputs))
    grads = tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])
    return [outputs, *grads]


@pytest.mark.parametrize("training", [True, False])
def test_equals_keras(training):
    ours, theirs = layers()
    for mine, other in zip(
        outputs_and_gradients(ours, training), outputs_and_gradients(theirs, training), strict=True
    ):
        assert np.asarray(mine) == pytest.approx(np.asarray(other), rel=1e-4, abs=1e-4)


def test_moving_statistics():
    ours, theirs = layers()
    for _ in range(3):
        ours(X, training=True), theirs(X, training=True)
    assert np.asarray(ours.moving_mean) == pytest.approx(np.asarray(theirs.moving_mean), rel=1e-5)
    # TensorFlow's kernel keeps the unbiased variance, n / (n - 1) of Keras's; here n is 200.
    grown = np.asarray(theirs.moving_variance) - 0.9**3
    measured = np.asarray(ours.moving_variance) - 0.9**3
    assert measured == pytest.approx(grown * 200 / 199, rel=1e-4)


def test_lower_precision_keeps_float32_statistics():
    layer = FusedBatchNorm(dtype="mixed_bfloat16")
    assert layer(X, training=True).dtype == tf.bfloat16
    assert {v.dtype for v in layer.variables} == {"float32"}


@pytest.mark.slow
def test_synchronised_over_replicas_equals_one_batch(make_experiment):
    recipe = {
        "model": "tests.models_for_tests:Normalised", "batch_size": 32, "xla": "off",
    }  # fmt: skip
    synchronised = {"logical_devices": 2, "model_arg": ("synchronized=True",)}
    expected, _ = losses(make_experiment(**recipe), 10)
    apart, _ = losses(make_experiment(**recipe, logical_devices=2), 10)
    together, _ = losses(make_experiment(**recipe, **synchronised), 10)
    assert together == pytest.approx(expected, rel=1e-4)
    assert apart != pytest.approx(expected, rel=1e-3)  # each replica has its own statistics


@pytest.mark.slow
def test_synchronised_replicas_track_what_one_does(make_experiment):
    recipe = {"model": "tests.models_for_tests:Normalised", "batch_size": 32, "xla": "off"}
    one = make_experiment(**recipe)
    two = make_experiment(**recipe, logical_devices=2, model_arg=("synchronized=True",))
    for experiment in (one, two):
        losses(experiment, 1)
    tracked = [experiment.state.read()["non_trainable"] for experiment in (one, two)]
    for mine, theirs in zip(*tracked, strict=True):
        assert np.asarray(theirs) == pytest.approx(np.asarray(mine), rel=1e-5)
