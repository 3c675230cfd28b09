"""Every optimizer of Keras as a pure function: the same update as Keras's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.training import optimizers


def pair(name, **arguments):
    """Two equal models, Keras's optimizer for one and ours for the other."""
    keras.utils.set_random_seed(0)
    models = [keras.Sequential([keras.layers.Dense(3)]) for _ in range(2)]
    for model in models:
        model.build((None, 4))
    models[1].set_weights(models[0].get_weights())
    ours = optimizers.build_optimizer(name, **arguments)
    kinds = {n.lower(): kind for n, kind in vars(keras.optimizers).items()}
    theirs = kinds[name](**arguments)
    theirs.build(models[0].trainable_variables)
    ours.build(models[1].trainable_variables)
    return models, theirs, ours


# Keras's eager ScheduleFreeAdamW reads the momentum it means to have kept from before its update.
NAMES = sorted({*optimizers.optimizers_by_name()} - {"schedulefreeadamw", "lars"})


@pytest.mark.parametrize("name", NAMES)
def test_three_updates_equal_kerass(name):
    (model, mine), theirs, ours = pair(name, learning_rate=0.01)
    random = np.random.default_rng(0)
    trainable = [v.value.read_value() for v in mine.trainable_variables]
    state = [v.value.read_value() for v in ours.variables]
    for _ in range(3):
        grads = [tf.constant(random.normal(size=v.shape), tf.float32) for v in trainable]
        theirs.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        trainable, state = optimizers.apply(ours, trainable, state, grads)
    for expected, value in zip(model.trainable_variables, trainable, strict=True):
        assert np.asarray(value) == pytest.approx(np.asarray(expected), rel=1e-5, abs=1e-6)


def test_adam_is_among_them():
    assert {"adam", "sgd", "adamw", "lion"} <= set(optimizers.optimizers_by_name())
    assert not {"optimizer", "lossscaleoptimizer", "multioptimizer"} & set(
        optimizers.optimizers_by_name()
    )


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("adamm", {}, "--optimizer=adamm: unknown; did you mean 'adam'?"),
        ("optimizer", {}, "--optimizer=optimizer: unknown"),
        ("sgd", {"momentum": 7}, "--optimizer=sgd: "),
        ("nowhere:Opt", {}, "--optimizer=nowhere:Opt: importing"),
    ],
)
def test_refused(name, arguments, message):
    with pytest.raises(UsageError) as caught:
        optimizers.build_optimizer(name, learning_rate=0.1, arguments=arguments)
    assert message in str(caught.value)
