"""Named groups of variables: what a state holds, reads and writes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.training import groups
from tfapp.training.state import TrainState


def make_state(strategy=None, **options):
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        model = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])
        model.build((None, 2))
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        masks = tuple(
            keras.Variable(np.ones(v.shape, "f4"), trainable=False) for v in model.trainable_weights
        )
        return TrainState(model, optimizer, strategy, extra_groups={"masks": masks}, **options)


@pytest.mark.parametrize(
    "options, names",
    [
        ({}, ["trainable", "non_trainable", "optimizer", "masks"]),
        ({"ema": True}, ["trainable", "non_trainable", "optimizer", "ema", "masks"]),
        (
            {"ema": True, "precision": "float16"},
            ["trainable", "non_trainable", "optimizer", "ema", "scale", "masks"],
        ),
        ({"precision": "bfloat16"}, ["trainable", "non_trainable", "optimizer", "masks"]),
    ],
)
def test_groups_in_order_and_only_those_in_use(options, names):
    state = make_state(**options)
    assert list(state.groups) == list(state.read()) == names
    assert state.precision == options.get("precision", "float32")
    assert {name.split("/")[0] for name in state.named_variables()} == set(names)
    assert "masks/0003" in state.named_variables()


def test_an_extra_group_cannot_take_the_place_of_another():
    state = make_state()
    with pytest.raises(ValueError, match="extra_groups: ema, scale: "):
        TrainState(
            state.model,
            state.optimizer,
            tf.distribute.get_strategy(),
            extra_groups={"scale": (), "ema": (), "masks": ()},
        )


def test_groups_are_written_by_name_and_the_others_stay():
    state = make_state()
    before = state.read()
    state.write({"masks": tuple(tf.zeros_like(v) for v in before["masks"])})
    after = state.read()
    assert all(
        np.array_equal(a, b) for a, b in zip(before["trainable"], after["trainable"], strict=True)
    )
    assert not any(np.any(v) for v in after["masks"])
    with pytest.raises(ValueError, match="shorter"):
        state.write({"masks": before["masks"][:1]})


def test_replicas_are_read_and_put_back_each_by_itself():
    state = make_state(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    kept = state.read_all()
    moved = {"masks": tuple(v + 1 for v in state.read(1)["masks"])}
    state.write(moved, replica=1)
    assert [float(state.read(r)["masks"][1][0]) for r in (0, 1)] == [1, 2]
    state.write_all(kept)
    assert [float(state.read(r)["masks"][1][0]) for r in (0, 1)] == [1, 1]


@pytest.mark.parametrize(
    "group, finite", [("trainable", False), ("masks", False), ("ema", False), ("optimizer", True)]
)
def test_what_must_be_finite(group, finite):
    state = make_state(ema=True)
    assert state.is_finite()
    state.groups[group][-1].assign(np.full(state.groups[group][-1].shape, np.nan))
    assert state.is_finite() == finite


def test_the_average_answers_where_there_is_one():
    for options, group in (({}, "trainable"), ({"ema": True}, "ema")):
        state = make_state(**options)
        state.groups[group][0].assign(np.full((2, 3), 7.0))
        weights, statistics = state.read_for_answers()
        assert (np.asarray(weights[0]) == 7).all()
        assert len(statistics) == len(state.groups["non_trainable"])


def test_what_each_half_of_a_step_reads():
    """A placement passes all of it to a program of its own: slots are no arguments of gradients."""
    values = dict.fromkeys((*groups.OWN, "masks"), ())
    assert set(groups.for_gradients(values)) == {"trainable", "non_trainable", "scale", "masks"}
    own = {"trainable", "optimizer", "ema", "scale"}
    assert set(groups.for_update(values, hooks=False)) == own
    assert set(groups.for_update(values, hooks=True)) == set(values)
