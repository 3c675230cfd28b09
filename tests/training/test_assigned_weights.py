"""Weights that a layer assigns in its call: the step equals a plain loop over the Keras model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses
from tests.training.plain_loop import (
    assert_same,
    make_optimizer,
    run_plain,
    run_step,
)

STEPS = 10


class Assigning(keras.layers.Layer):
    """Reads a weight, assigns twice its sine, and reads it again; likewise a statistic."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.seen = self.add_weight(shape=(shape[-1],), initializer="ones", trainable=False)

    def call(self, inputs):
        x = inputs * self.scale
        self.scale.assign(2.0 * keras.ops.sin(self.scale) + 0.0 * keras.ops.mean(x))
        self.seen.assign(0.5 * self.seen + keras.ops.mean(x * self.scale, axis=0))
        return keras.ops.tanh(x) * self.scale + self.seen


class Block(keras.layers.Layer):
    """A block that assigns, drops and penalises, and takes the mode from the layers around it."""

    def __init__(self):
        super().__init__()
        self.inner = [
            keras.layers.SpectralNormalization(keras.layers.Dense(4)),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.BatchNormalization(momentum=0.5),
            keras.layers.ActivityRegularization(l2=0.1),
        ]

    def call(self, inputs):
        x = inputs
        for layer in self.inner:
            x = layer(x)
        return x


def model_of(layer):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model(tf.zeros((2, 4)), training=True)
    return model


def batches(rows=8):
    draw = np.random.default_rng(0)
    return [
        (tf.constant(draw.normal(size=(rows, 4)), tf.float32), tf.ones((rows, 1)))
        for _ in range(STEPS)
    ]


LAYERS = {
    "spectral": lambda: keras.layers.SpectralNormalization(keras.layers.Dense(4)),
    "assigning": Assigning,
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"accumulate": 4}, {"calls": 2}, {"accumulate": 2, "calls": 2}],
    ids=str,
)
def test_equals_a_plain_loop(layer, changes):
    model = model_of(layer())
    plain, ours = make_optimizer("SGD", learning_rate=0.1, momentum=0.9)
    expected = run_plain(model, plain, batches(), **changes)
    assert_same(run_step(model, ours, batches(), **changes), expected)


@pytest.mark.parametrize("jit", [True, None])
def test_equals_a_plain_loop_when_compiled(jit):
    model = model_of(LAYERS["spectral"]())
    plain, ours = make_optimizer("Adam", learning_rate=0.01)
    expected = run_plain(model, plain, batches(), accumulate=2)
    measured = run_step(
        model, ours, batches(), accumulate=2,
        compiled=lambda step: tf.function(step, jit_compile=jit, autograph=False),
    )  # fmt: skip
    assert_same(measured, expected)


def test_the_weight_is_what_was_assigned():
    """Without an update, the largest singular value of a normalised kernel is 1."""
    model = model_of(LAYERS["spectral"]())
    _, ours = make_optimizer("SGD", learning_rate=0.0)
    kernel = run_step(model, ours, batches()).weights[0]
    assert np.linalg.svd(kernel)[1][0] == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("remat", [False, True])
def test_remat_equals_a_plain_loop(remat):
    """Assigned weights, the mode of training, penalties and statistics inside a block."""
    model = model_of(Block())
    plain, ours = make_optimizer("SGD", learning_rate=0.1, momentum=0.9)
    expected = run_plain(model, plain, batches())
    compiled = lambda step: tf.function(step, autograph=False)  # noqa: E731
    assert_same(run_step(model, ours, batches(), remat=remat, compiled=compiled), expected)


def test_remat_keeps_masks():
    """Of inputs that carry one in an attribute, as those after `Masking` do."""
    keras.utils.set_random_seed(1)

    class Recurrent(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True  # the mask passes through, and no warning is raised
            self.inner = keras.layers.SimpleRNN(3)

        def call(self, inputs):
            return self.inner(inputs)

    model = keras.Sequential([keras.layers.Masking(), Recurrent(), keras.layers.Dense(1)])
    rows = np.random.default_rng(0).normal(size=(8, 5, 2)).astype("f4")
    rows[:, 3:] = 0
    model(rows)
    plain, ours = make_optimizer("SGD", learning_rate=0.1)
    steps = [(tf.constant(rows), tf.ones((8, 1)))] * 3
    expected = run_plain(model, plain, steps)
    compiled = lambda step: tf.function(step, autograph=False)  # noqa: E731
    assert_same(run_step(model, ours, steps, remat=True, compiled=compiled), expected)


def test_a_skipped_step_leaves_the_weights_as_they_were():
    model = model_of(Assigning())
    before = [v.numpy() for v in model.trainable_variables]
    _, ours = make_optimizer("SGD", learning_rate=0.1)
    bad = [(tf.fill((8, 4), np.nan), tf.ones((8, 1)))]
    after = run_step(model, ours, bad, skip_nonfinite=True).weights
    for mine, theirs in zip(after, before, strict=True):
        assert np.array_equal(mine, theirs)


class Spectral(keras.Model):
    """A normalised layer and a head, for runs on digits."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.SpectralNormalization(keras.layers.Dense(16))
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        hidden = self.hidden(self.flatten(inputs), training=training)
        return self.head(keras.ops.relu(hidden))


def test_replicas_agree(make_experiment):
    recipe = {"model": f"{__name__}:Spectral", "batch_size": 64, "steps": 5, "xla": "update"}
    expected, weights = losses(make_experiment(**recipe), 5)
    built = make_experiment(**recipe, logical_devices=2)
    measured, learnt = losses(built, 5)
    assert measured == pytest.approx(expected, rel=1e-5)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)
    for mine, theirs in zip(
        tf.nest.flatten(built.state.read(0)), tf.nest.flatten(built.state.read(1)), strict=True
    ):
        assert np.array_equal(mine, theirs)
