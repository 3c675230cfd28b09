"""A seed gives the same random numbers in every placement, and only inside a step."""

import functools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.keras_layers import CASES
from tests.training.layer_model import batches
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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_masks_are_the_same_in_every_placement_and_precision(dtype):
    def draw():
        with private_random.replaced_draws():
            return keras.random.dropout(tf.ones((999,), dtype), 0.3, seed=5) == 0

    kept = [
        np.asarray(tf.function(draw, jit_compile=jit, autograph=False)()) for jit in (True, None)
    ]
    assert np.array_equal(*kept)
    with private_random.replaced_draws():
        assert np.array_equal(kept[0], keras.random.dropout(tf.ones((999,)), 0.3, seed=5) == 0)


# RandomElasticTransform compiles in no XLA; the others that are left out, Keras keeps out of it.
COMPILED = [
    name
    for name, case in CASES.items()
    if name.startswith("Random") and name != "RandomElasticTransform" and case.make().supports_jit
]


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_layers_of_images_are_the_same_in_every_placement(name):
    keras.utils.set_random_seed(1)
    layer, (images, _) = CASES[name].make(), batches(CASES["Conv2D"], 1)[0]
    layer(images)
    outputs = []
    for jit in (True, None):

        @functools.partial(tf.function, jit_compile=jit, autograph=False)
        def call():
            with private_random.replaced_draws(), keras.StatelessScope():
                return layer(images, training=True)

        outputs.append(np.asarray(call()))
    np.testing.assert_allclose(*outputs, atol=1e-5)
    assert name == "RandomColorJitter" or not np.allclose(outputs[0], images, atol=1e-3)


@pytest.mark.parametrize(
    "draw, expected",
    [
        (
            lambda x: x + tf.random.normal(tf.shape(x)),
            "RandomStandardNormal, .* where a run resumes",
        ),
        (lambda x: tf.nn.dropout(x, 0.5), "RandomUniform, .* where a run resumes"),
        (
            lambda x: x + tf.random.stateless_uniform([6], (1, 2)),
            "StatelessRandomUniformV2, .* is used;",
        ),
        (lambda x: x + keras.random.gamma((6,), 2.0, seed=3), None),
    ],
)
def test_what_tensorflow_draws_by_itself_is_logged_once(caplog, draw, expected):
    inputs = keras.Input((6,))
    model = keras.Model(inputs, L.Dense(1)(L.Lambda(draw, output_shape=(6,))(inputs)))
    _, optimizer = make_optimizer("SGD", learning_rate=0.1)
    data = [(tf.ones((8, 6)), tf.ones((8, 1)))]
    run_step(model, optimizer, data, compiled=functools.partial(tf.function, autograph=False))
    lines = [r.getMessage() for r in caplog.records if "draws by TensorFlow" in r.getMessage()]
    assert len(lines) == (expected is not None)
    assert expected is None or re.search(expected, lines[0])
