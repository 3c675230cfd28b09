"""What Keras does not promise about random numbers, and what would break without it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.runtime import private_api, private_random


def test_seed_positions():
    """Replicas shift these states: one that is not found draws the same masks on each of them."""
    inner = [keras.layers.Dropout(0.5), keras.layers.Dense(2)]
    model = keras.Sequential([keras.layers.Dropout(0.5), keras.Sequential(inner)])
    model(np.zeros((2, 4), "f4"))
    states = [layer.seed_generator.state for layer in (model.layers[0], inner[0])]
    found = [model.non_trainable_variables[i] for i in private_random.seed_positions(model)]
    assert len(found) == 2
    assert {id(v) for v in found} == {id(v) for v in states}


def test_replaced_draws():
    """Without it, XLA and kernels draw other masks. Initial weights stay those of Keras."""

    def ours(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
        return private_random.next_seed(seed)

    theirs = keras.random.uniform((2,), seed=3)
    with pytest.MonkeyPatch.context() as patch:
        backend = vars(private_random)["backend_random"]
        patch.setattr(backend, "uniform", backend.uniform)  # put back at the end
        private_random.replace_draws({"uniform": ours})
        assert np.array_equal(keras.random.uniform((2,), seed=3), theirs)
        with private_random.replaced_draws():
            inside = private_api.call_context()
            assert keras.random.uniform((2,), seed=3).numpy().tolist() == [3, 0]
        with inside():
            assert keras.random.uniform((2,), seed=3).numpy().tolist() == [3, 0]
        assert np.array_equal(keras.random.uniform((2,), seed=3), theirs)


class Unseeded(keras.layers.Layer):
    def call(self, inputs):
        return keras.random.uniform((2,))


def test_kept_generator():
    """Without it, what is drawn without a seed comes from a state that no checkpoint has."""
    model, other = (keras.Sequential([Unseeded()]) for _ in range(2))
    model(tf.ones((1, 2)))
    before = len(model.non_trainable_variables)
    generator = keras.random.SeedGenerator(5)
    private_random.keep_generator(model, generator)
    assert len(model.non_trainable_variables) == before + 1
    assert private_random.seed_positions(model) == [0]
    with private_random.kept_generator(other):
        assert private_random.unseeded_states() == []
    with private_random.kept_generator(model), private_random.replaced_draws():
        assert private_random.unseeded_states()[0] is generator.state
        seeds = [private_random.next_seed(None).numpy().tolist() for _ in range(2)]
    assert seeds == [[5, 0], [5, 1]]  # Keras's own order would be lost once replicas shift it
    with private_random.global_generator(keras.random.SeedGenerator(5)):
        assert private_random.unseeded_states() == []
