"""What Keras's optimizers have to keep for them to be functional."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.runtime import private_optimizer


def weights():
    return [keras.Variable(np.full(shape, 2.0, "f4")) for shape in ((3, 4), (4,))]


def build(kind, variables, **arguments):
    optimizer = private_optimizer.functional(kind)(**arguments)
    optimizer.build(variables)
    return optimizer


def updated(optimizer, step=0, gradient=1.0):
    """(weights, optimizer's variables) after an update that lives in one XLA program."""

    @tf.function(jit_compile=True, autograph=False)
    def update(trainable, state, step):
        mapping = [
            *zip(optimizer.weights, trainable, strict=True),
            *zip(optimizer.variables, state, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope, optimizer.at_step(step):
            optimizer.apply([tf.fill(v.shape, gradient) for v in trainable])
        return (
            [scope.get_current_value(v) for v in optimizer.weights],
            [scope.get_current_value(v) for v in optimizer.variables],
        )

    return update(
        [v.value.read_value() for v in optimizer.weights],
        [v.value.read_value() for v in optimizer.variables],
        tf.constant(step, tf.int64),
    )


def test_variable_index():
    """Optimizers of tfapp's own find their slots by it."""
    variables = weights()
    optimizer = build(keras.optimizers.SGD, variables, learning_rate=0.5)
    assert [private_optimizer.variable_index(optimizer, v) for v in variables] == [0, 1]


@pytest.mark.parametrize(
    "name",
    [
        "_apply_weight_decay",
        "_backend_update_step",
        "_var_key",
        "_use_weight_decay",
        "add_variable_from_reference",
        "_get_variable_index",
        "assign",
        "assign_add",
        "assign_sub",
        "learning_rate",
    ],
)
def test_keras_still_has_what_the_functional_optimizer_overrides_or_calls(name):
    """Renamed, it would be code that is never called, and Keras's own would assign tf.Variables."""
    assert name in dir(keras.optimizers.Optimizer)


def test_an_update_changes_values_and_no_variable():
    """A tf.Variable that is assigned in the step breaks XLA around two replicas, and the loop."""
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.5)
    before = [np.asarray(v) for v in (*optimizer.weights, *optimizer.variables)]
    trainable, state = updated(optimizer)
    for variable, old in zip((*optimizer.weights, *optimizer.variables), before, strict=True):
        assert np.array_equal(np.asarray(variable), old)
    assert all(np.asarray(v) == pytest.approx(1.5, abs=1e-4) for v in trainable)
    assert int(state[0]) == 1


def test_weight_decay_takes_the_rate_of_the_step_and_leaves_out_what_is_excluded():
    """Keras's own decay assigns tf.Variables; exclusion is by a key that must know values."""
    variables = weights()
    optimizer = private_optimizer.functional(keras.optimizers.SGD)(
        learning_rate=keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5]),
        weight_decay=0.1,
    )
    optimizer.exclude_from_weight_decay([variables[1]])
    optimizer.build(variables)
    for step, expected in ((0, 1.8), (9, 1.9)):
        (decayed, excluded), _ = updated(optimizer, step, gradient=0.0)
        assert np.asarray(decayed) == pytest.approx(expected)
        assert np.asarray(excluded) == pytest.approx(2.0)


def test_the_rate_is_that_of_the_step_inside_at_step_alone():
    """The schedule would follow the count of updates, and stand still while they are skipped."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5])
    optimizer = build(keras.optimizers.SGD, weights(), learning_rate=schedule)
    with optimizer.at_step(9):
        assert float(optimizer.learning_rate) == 0.5
    assert float(optimizer.learning_rate) == 1.0
    assert float(optimizer.rate_at(9)) == 0.5
    assert np.asarray(updated(optimizer, step=9)[0][0]) == pytest.approx(1.5)


def test_a_constant_rate_is_a_variable_of_the_optimizer():
    """Checkpoints name variables by position: the rate is the second, as in those of 0.1.0."""
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.25)
    assert [v.name for v in optimizer.variables[:2]] == ["iteration", "learning_rate"]
    assert len(optimizer.variables) == 2 + 2 * 2
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.5])
    assert len(build(keras.optimizers.Adam, weights(), learning_rate=schedule).variables) == 5


class MyNadam(keras.optimizers.Nadam):
    """A user's subclass."""


@pytest.mark.parametrize("kind", [keras.optimizers.Nadam, MyNadam])
def test_nadams_running_product_is_updated_and_among_its_variables(kind):
    """Otherwise it would stay as it was in the step, or be lost at a resume."""
    optimizer = build(kind, weights(), learning_rate=0.5)
    _, state = updated(optimizer)
    assert len(state) == 2 + 2 * 2 + 1
    assert float(state[-1]) == pytest.approx(0.9 * (1 - 0.5 * 0.96))


def test_slots_are_known_by_their_weights():
    """Shards are stored as the slots of whole weights would be."""
    optimizer, variables = (
        private_optimizer.functional(keras.optimizers.Adam)(),
        weights(),
    )
    assert optimizer.slot_of == {}
    optimizer.build(variables)
    of = [optimizer.slot_of.get(id(v)) for v in optimizer.variables]
    assert of[2:] == [id(variables[0])] * 2 + [id(variables[1])] * 2
    assert of[:2] == [None, None]  # the count of updates and the learning rate


def test_values_of_an_optimizer_may_be_rows():
    """Keras's scope refuses values of another shape than their variables'."""
    optimizer = build(keras.optimizers.SGD, weights(), learning_rate=0.5, momentum=0.9)
    (weight, _), (slot, _) = optimizer.weights, optimizer.momentums
    others = [(v, v.value) for v in optimizer.variables if id(v) not in optimizer.slot_of]
    pairs = [(weight, tf.ones([1, 4])), (slot, tf.zeros([1, 4])), *others]
    with private_optimizer.OptimizerValues(pairs) as scope, optimizer.at_step(tf.constant(0)):
        optimizer.apply([tf.ones([1, 4])], [weight])
    assert scope.get_current_value(weight).numpy().tolist() == [[0.5] * 4]
    assert scope.get_current_value(slot).numpy().tolist() == [[-0.5] * 4]


def test_which_variable_is_whose_slot():
    optimizer = build(keras.optimizers.Adam, weights(), learning_rate=0.5)
    owners = [optimizer.slot_of.get(id(v)) for v in optimizer.variables]
    first, second = map(id, optimizer.weights)
    assert owners == [None, None, first, first, second, second]
    assert private_optimizer.updates_one_by_one(optimizer)
