"""A hook after the optimizer's update: weights that are masked stay at zero, everywhere."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.training import loop, placement, step
from tfapp.training.state import TrainState

STEPS = 12


def mask(values, step):
    """Multiplies each weight by its mask, and counts in the group `calls` how often it did."""
    kept = tuple(w * m for w, m in zip(values["trainable"], values["masks"], strict=True))
    (calls,) = values["calls"]
    return {"trainable": kept, "calls": (calls + tf.cast(step >= 0, tf.float32),)}


def masked(experiment, *, hooks=(mask,), **options):
    """A state whose weights are zero wherever its masks are, and its loop with the hooks."""
    weights = experiment.model.trainable_variables
    with experiment.strategy.scope():
        masks = [np.arange(np.prod(v.shape)).reshape(v.shape) % 2 for v in weights]
        for weight, m in zip(weights, masks, strict=True):
            weight.assign(weight * m)
        state = TrainState(
            experiment.model,
            experiment.state.optimizer,
            experiment.strategy,
            precision=experiment.state.precision,
            ema=True,
            extra_groups={
                "masks": tuple(keras.Variable(m, dtype="float32", trainable=False) for m in masks),
                "calls": (keras.Variable(0.0, trainable=False),),
            },
        )
    options = dataclasses.replace(experiment.steps.options, ema=0.9, **options)
    functions = step.make_step_functions(
        model=experiment.model,
        task=experiment.task,
        preprocess=experiment.data.preprocess,
        optimizer=experiment.state.optimizer,
        label=experiment.data.spec.label.name,
        options=options,
        after_update=hooks,
    )
    run = loop.make_loop(
        state=state,
        functions=functions,
        options=options,
        engine=experiment.engine,
        strategy=experiment.strategy,
        placement=placement.PLACEMENTS[experiment.choice.placement],
        metrics=experiment.task.training_metrics,
    )
    experiment.engine.restart(0)
    return state, run


def hidden(values, group):
    """The weights of `group` that the masks hide, in one array."""
    masks = [np.asarray(m) for m in values["masks"]]
    return np.concatenate(
        [np.asarray(w)[m == 0] for w, m in zip(values[group], masks, strict=True)]
    )


@pytest.fixture(scope="module")
def kept():
    """Weights after each of the trainings below."""
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {"xla": "off"},
        {"xla": "loop"},
        pytest.param({"xla": "step"}, marks=pytest.mark.slow),
        {"xla": "gradients"},
        {"xla": "update"},
        pytest.param({"xla": "update", "logical_devices": 2}, marks=pytest.mark.slow),
        {"xla": "gradients", "logical_devices": 2},
    ],
    ids=str,
)
def test_masked_weights_stay_zero_and_the_others_learn_the_same(make_experiment, changes, kept):
    built = make_experiment(batch_size=64, **changes)
    state, run = masked(built)
    before = state.read()
    assert run(0, STEPS).bad_step is None
    for replica in range(built.batches.num_replicas):
        values = state.read(replica)
        assert not hidden(values, "trainable").any()
        assert not hidden(values, "ema").any()  # what is averaged is masked already
        assert not np.allclose(values["trainable"][0], before["trainable"][0])
        assert not np.allclose(values["ema"][0], before["ema"][0])
        assert float(values["calls"][0]) == STEPS
        kept.append(values["trainable"])
        for mine, theirs in zip(values["trainable"], kept[0], strict=True):
            assert np.asarray(mine) == pytest.approx(np.asarray(theirs), abs=1e-4)


def test_without_the_hook_they_move(make_experiment):
    state, run = masked(make_experiment(batch_size=64, xla="off"), hooks=())
    run(0, STEPS)
    values = state.read()
    assert hidden(values, "trainable").any()
    assert float(values["calls"][0]) == 0


def test_a_skipped_update_takes_the_hooks_changes_back(make_experiment):
    built = make_experiment(model="tests.models_for_tests:Exploding", batch_size=64, xla="off")
    state, run = masked(built, skip_nonfinite=True)
    before = state.read()
    assert run(0, 3).sums["skipped"] == 3
    for old, new in zip(tf.nest.flatten(before), tf.nest.flatten(state.read()), strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize("changed", [{"mask": ()}, {"calls": ()}], ids=str)
def test_what_no_group_holds_is_refused(make_experiment, changed):
    _, run = masked(make_experiment(xla="off"), hooks=(lambda values, step: changed,))
    with pytest.raises(ValueError, match=f"changes {next(iter(changed))!r}"):
        run(0, 1)
