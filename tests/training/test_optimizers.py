"""Every optimizer of Keras as a pure function: the same update as Keras's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.training import optimizers
from tfapp.training.schedules import Schedule


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


def values_of(variables):
    return [v.value.read_value() for v in variables]


NAMES = sorted({*optimizers.optimizers_by_name()} - {"lars"})


@pytest.mark.parametrize("name", NAMES)
def test_three_updates_equal_kerass(name):
    """With the weight decay that some of them have by default."""
    (model, mine), theirs, ours = pair(name, learning_rate=0.01, weight_decay=0.004)
    random = np.random.default_rng(0)
    trainable, state = values_of(mine.trainable_variables), values_of(ours.variables)
    for step in range(3):
        grads = [tf.constant(random.normal(size=v.shape), tf.float32) for v in trainable]
        theirs.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        trainable, state = optimizers.apply(ours, trainable, state, grads, tf.constant(step))
    for expected, value in zip(model.trainable_variables, trainable, strict=True):
        assert np.asarray(value) == pytest.approx(np.asarray(expected), rel=1e-5, abs=1e-6)


class AdamWWithDecay(keras.optimizers.AdamW):
    """A user's subclass: AdamW's weight decay of 0.004 hides behind its **kwargs."""

    def __init__(self, learning_rate, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)


class OwnDecay(keras.optimizers.SGD):
    """A user's subclass that decays by itself, by an argument of the usual name."""

    def __init__(self, learning_rate, weight_decay=0.1):
        super().__init__(learning_rate=learning_rate)
        self.factor = 1 - weight_decay

    def update_step(self, gradient, variable, learning_rate):
        self.assign(variable, variable * self.factor - learning_rate * gradient)


# FTRL computes weights from the sum of all gradients alone: without any, they are 0.
DECAYING = [
    *({*NAMES, "lars"} - {"ftrl"}),
    f"{__name__}:AdamWWithDecay",
    f"{__name__}:OwnDecay",
]


@pytest.mark.parametrize("name", sorted(DECAYING))
def test_no_weight_decay_is_none(name):
    """Some classes decay by 0.004 if the argument is left out."""
    weights = [keras.Variable(np.full((3, 4), 2.0, "f4")), keras.Variable(np.full(4, 2.0, "f4"))]
    optimizer = optimizers.build_optimizer(name, learning_rate=0.5, weight_decay=0.0)
    optimizer.build(weights)
    before, state = values_of(weights), values_of(optimizer.variables)
    after, _ = optimizers.apply(
        optimizer, before, state, [tf.zeros_like(v) for v in before], tf.constant(0)
    )
    for old, new in zip(before, after, strict=True):
        assert np.array_equal(old, new)


def test_only_the_weights_that_are_named_decay():
    weights = [keras.Variable(np.full(shape, 2.0, "f4")) for shape in ((3, 4), (3, 4), (4,))]
    optimizer = optimizers.build_optimizer("adamw", learning_rate=0.5, weight_decay=0.1)
    optimizers.decay_only(optimizer, weights, weights[1:])
    optimizer.build(weights)
    before, state = values_of(weights), values_of(optimizer.variables)
    after, _ = optimizers.apply(
        optimizer, before, state, [tf.zeros_like(v) for v in before], tf.constant(0)
    )
    assert [float(np.ravel(v)[0]) for v in after] == pytest.approx([2.0, 1.9, 1.9])


def halving(steps=4):
    """A learning rate of 1 that halves at each step."""
    return Schedule(
        "exponential", peak=1.0, warmup_steps=0, total_steps=steps, arguments={"end": 0.5**steps}
    )


def test_the_schedule_follows_the_step_and_not_the_count_of_updates():
    """Weights that decay with the rate, too; the bias correction of Adam stays on its count."""
    weights = [keras.Variable(np.ones(2, "f4"))]
    optimizer = optimizers.build_optimizer("adam", learning_rate=halving(), weight_decay=0.5)
    optimizer.build(weights)
    before, state = values_of(weights), values_of(optimizer.variables)
    after, state = optimizers.apply(optimizer, before, state, [tf.ones(2)], tf.constant(2))
    # The first update of Adam is the rate itself, only if its correction counts one update.
    assert np.asarray(after[0]) == pytest.approx(1 - 0.25 * 0.5 - 0.25, abs=1e-5)
    assert int(optimizers.update_count(optimizer, state)) == 1


def test_learning_rate_for_the_log():
    scheduled = optimizers.build_optimizer("sgd", learning_rate=halving())
    constant = optimizers.build_optimizer("sgd", learning_rate=0.25)
    assert optimizers.learning_rate(scheduled, 3) == pytest.approx(0.125)
    assert optimizers.learning_rate(constant, 3) == 0.25


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
        ("keras:Model", {}, "--optimizer=keras:Model: is not a class of keras.optimizers.Opt"),
        ("ScheduleFreeAdamW", {}, "--optimizer=ScheduleFreeAdamW: trains at other weights than"),
        ("keras.optimizers:ScheduleFreeAdamW", {}, "ScheduleFreeAdamW: trains at other weights"),
        ("muon", {"adam_weight_decay": 0.1}, "--optimizer_arg=adam_weight_decay: use --weight_dec"),
    ],
)
def test_refused(name, arguments, message):
    with pytest.raises(UsageError) as caught:
        optimizers.build_optimizer(name, learning_rate=0.1, arguments=arguments)
    assert message in str(caught.value)
    if not arguments:
        with pytest.raises(UsageError) as caught:
            optimizers.check_name(name)
        assert message in str(caught.value)


@pytest.mark.parametrize("name", ["Adam", "lars", "keras.optimizers:SGD"])
def test_names_that_check_accepts(name):
    optimizers.check_name(name)
