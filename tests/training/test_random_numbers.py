"""A seed gives the same random numbers in every placement, and only inside a step."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.plain_loop import assert_same, make_optimizer, run_step
from tfapp.runtime import private_random
from tfapp.training import forward  # noqa: F401  replaces what layers draw by

L = keras.layers
RANDOM = {
    "dropout": lambda: L.Dropout(0.4, seed=1),
    "spatial": lambda: keras.Sequential(
        [L.Reshape((2, 3)), L.SpatialDropout1D(0.4, seed=1), L.Flatten()]
    ),
    "noise": lambda: L.GaussianNoise(0.3, seed=1),
    "alpha": lambda: L.AlphaDropout(0.4, seed=1),
}


@pytest.mark.parametrize("layer", RANDOM.values(), ids=RANDOM)
def test_placements_draw_the_same(layer):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layer(), L.Dense(1)])
    draw = np.random.default_rng(0)
    batches = [
        (tf.constant(draw.normal(size=(8, 6)), tf.float32), tf.ones((8, 1))) for _ in range(3)
    ]
    model(batches[0][0])
    trained = []
    for jit in (True, None):
        _, optimizer = make_optimizer("SGD", learning_rate=0.1)
        compiled = functools.partial(tf.function, jit_compile=jit, autograph=False)
        trained.append(run_step(model, optimizer, batches, compiled=compiled))
    assert_same(*trained, rel=1e-4)


OPERATIONS = {
    "dropout": lambda seed: keras.random.dropout(tf.ones((4, 50)), 0.5, (4, None), seed=seed),
    "uniform": lambda seed: keras.random.uniform((200,), -1.0, 3.0, seed=seed),
    "normal": lambda seed: keras.random.normal((200,), 1.0, 2.0, seed=seed),
    "truncated": lambda seed: keras.random.truncated_normal((200,), 1.0, 2.0, seed=seed),
    "randint": lambda seed: keras.random.randint((200,), 3, 9, seed=seed),
    "categorical": lambda seed: keras.random.categorical(tf.zeros((1, 7)), 200, seed=seed),
    "gamma": lambda seed: keras.random.gamma((20, 10), 20.0, seed=seed),
    "beta": lambda seed: keras.random.beta((20, 10), tf.constant([[0.7]]), 2.0, seed=seed),
    "binomial": lambda seed: keras.random.binomial((200,), 10, 0.3, seed=seed),
    "shuffle": lambda seed: keras.random.shuffle(tf.range(200), seed=seed),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_keep_their_meaning(name):
    """Shape, type and range as Keras's own; outside of a step they are Keras's own."""
    draw = OPERATIONS[name]
    own = draw(3)
    with private_random.replaced_draws():
        ours, again = draw(3), draw(3)
        generator = keras.random.SeedGenerator(3)
        assert not np.array_equal(draw(generator), draw(generator))
    assert np.array_equal(ours, again)
    assert not np.array_equal(ours, own)
    assert np.array_equal(draw(3), own)
    assert (ours.shape, ours.dtype) == (own.shape, own.dtype)
    ours, own = np.asarray(ours, "f8"), np.asarray(own, "f8")
    spread = own.max() - own.min()
    assert ours.mean() == pytest.approx(own.mean(), abs=spread / 5)
    assert [ours.min(), ours.max()] == pytest.approx([own.min(), own.max()], abs=spread / 4)


def test_masks_may_be_shared_along_axes():
    with private_random.replaced_draws():
        mask = keras.random.dropout(tf.ones((64, 5)), 0.5, (None, 1), seed=3).numpy()
    assert (mask == mask[:, :1]).all()
    assert 0.2 < (mask[:, 0] == 0).mean() < 0.8
