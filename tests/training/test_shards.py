"""Optimizer state in shares: the same losses, less of it on each device, the same checkpoints."""

import functools
import json
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses
from tfapp.distribution.devices import DeviceOptions
from tfapp.distribution.strategy import Wanted, mirrored, one_device
from tfapp.errors import DataError, UsageError
from tfapp.training import optimizers, sharded_optimizer
from tfapp.training.checkpoints import Checkpoints
from tfapp.training.groups import EMA, OPTIMIZER
from tfapp.training.reduction import reduce_across_replicas
from tfapp.training.shards import Shards
from tfapp.training.state import TrainState
from tfapp.training.step import StepFunctions, StepOptions, make_train_step

STEPS = 50
EVERYTHING = {"optimizer": "adamw", "weight_decay": 0.1, "clip_norm": 0.5, "ema": 0.9}
RECIPES = [
    EVERYTHING,
    {"accumulate": 2, "clip_norm": 0.5, "ema": 0.9},
    {"optimizer": "sgd", "learning_rate": 0.1, "optimizer_arg": ("momentum=0.9",)},
    {"optimizer": "lion", "learning_rate": 1e-4},
    {**EVERYTHING, "precision": "float16"},
    {**EVERYTHING, "xla": "gradients"},
    {"model": "tests.training.test_shards:Assigning", "clip_norm": 0.5},
]


@keras.saving.register_keras_serializable()
class Assigning(keras.Model):
    """A layer changes one of its weights in its call."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.head = keras.layers.SpectralNormalization(keras.layers.Dense(outputs))

    def call(self, inputs, training=False):
        return self.head(self.flatten(inputs), training=training)


def _marked(recipe):
    return pytest.param(recipe, marks=() if recipe is RECIPES[0] else pytest.mark.slow)


@pytest.mark.parametrize("recipe", map(_marked, RECIPES), ids=str)
def test_losses_and_state_are_those_without_shards(make_experiment, recipe):
    """Including the whole of what a checkpoint holds, and the weights that give answers."""
    recipe = {"steps": STEPS, "batch_size": 64, "xla": "off", "logical_devices": 2, **recipe}
    plain = make_experiment(**recipe)
    expected, _ = losses(plain, STEPS)
    assert expected[-1] < expected[0]
    built = make_experiment(**recipe, shard_optimizer=True)
    measured, _ = losses(built, STEPS)
    assert measured == pytest.approx(expected, rel=1e-6)
    mine, theirs = built.state.to_store(), plain.state.to_store()
    assert set(mine) == set(theirs)
    for name, variable in theirs.items():
        assert mine[name].numpy() == pytest.approx(variable.numpy(), rel=1e-5, abs=1e-6), name
    loss = plain.evaluate("test").metrics["loss"]
    assert built.evaluate("test").metrics["loss"] == pytest.approx(loss, rel=1e-6)


def test_a_skipped_update_changes_nothing(make_experiment):
    built = make_experiment(
        model="tests.models_for_tests:Exploding", nan_policy="skip", batch_size=64, xla="off",
        ema=0.9, logical_devices=2, shard_optimizer=True,
    )  # fmt: skip
    before = stored(built.state)
    built.engine.restart(0)
    assert built.run_loop(0, 3).sums["skipped"] == pytest.approx(3)
    assert_equal(stored(built.state), before)


@pytest.mark.parametrize("num_replicas", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("one_each", [False, True])
def test_parts_make_up_the_whole(num_replicas, one_each):
    """Also where a weight has fewer elements than there are replicas."""
    shapes = [(3, 5), (5,), (), (2, 2, 2)]
    weights = [keras.Variable(np.zeros(shape, "f4")) for shape in shapes]
    shards = Shards(
        weights, [True, False, False, True], num_replicas=num_replicas, one_each=one_each
    )
    assert [g.positions for g in shards.groups] == (
        [(0,), (1,), (2,), (3,)] if one_each else [(0, 3), (1, 2)]
    )
    values = [tf.random.stateless_normal(shape, (0, i)) for i, shape in enumerate(shapes)]
    parts = [shards.part(values, replica) for replica in range(num_replicas)]
    for group, *same_group in zip(shards.groups, *parts, strict=True):
        assert {tuple(part.shape) for part in same_group} == {(group.part_size,)}
        assert num_replicas * (group.part_size - 16) < sum(group.sizes)  # no larger than needed
    whole = shards.split([tf.concat(same, 0) for same in zip(*parts, strict=True)])
    for value, expected in zip(whole, values, strict=True):
        assert np.array_equal(value, expected)


def test_groups_are_limited_and_hold_one_dtype(monkeypatch):
    monkeypatch.setattr("tfapp.training.shards.GROUP_BYTES", 100)
    monkeypatch.setattr("tfapp.training.shards.LARGE_BYTES", 80)
    sizes = [(10, "f4"), (15, "f4"), (9, "f8"), (200, "f4"), (4, "f4"), (1, "f8")]
    weights = [keras.Variable(np.zeros(size, dtype)) for size, dtype in sizes]
    groups = Shards(weights, [True] * 6, num_replicas=2).groups
    assert [(g.positions, g.dtype) for g in groups] == [
        ((0, 1), "float32"),
        ((2, 5), "float64"),
        ((3,), "float32"),  # large
        ((4,), "float32"),  # the first group was full
    ]


def make_state(*, replicas, name="adam", **arguments):
    """A state of 330 weights with EMA; with replicas its slots and averages are divided."""
    build = one_device if replicas == 1 else mirrored
    strategy = build(Wanted(DeviceOptions(logical_devices=replicas))).strategy
    make = functools.partial(optimizers.build_optimizer, name, **arguments)
    with strategy.scope():
        model = keras.Sequential([keras.layers.Dense(15), keras.layers.BatchNormalization()])
        model.build((None, 19))
        weights = model.trainable_variables
        if replicas == 1:
            optimizer, sharded = make(learning_rate=0.1), None
            optimizer.build(weights)
        else:
            sharded = sharded_optimizer.build(
                make, name=name, learning_rate=0.1, weights=weights, decayed=weights[:1],
                num_replicas=replicas,
            )  # fmt: skip
            optimizer = sharded.optimizer
        return TrainState(model, optimizer, strategy, ema=True, sharded=sharded)


def fill(state, seed):
    """Gives every stored value of the state numbers of its own; returns them."""
    random = np.random.default_rng(seed)
    with state.restoring() as variables:
        for _, variable in sorted(variables.items()):
            variable.assign(random.integers(1, 1000, variable.shape).astype(variable.dtype.name))
    return stored(state)


def stored(state):
    return {name: variable.numpy() for name, variable in state.to_store().items()}


def assert_equal(mine, theirs):
    assert set(mine) == set(theirs)
    for name, value in theirs.items():
        assert np.array_equal(mine[name], value), name


@pytest.mark.parametrize(
    "first, second, name", [(2, 1, "adam"), (1, 2, "adam"), (2, 2, "sgd"), (2, 1, "nadam")]
)
def test_a_checkpoint_is_read_with_and_without_shards(first, second, name, tmp_path):
    """Nadam has a scalar of its own, which stays whole."""
    state = make_state(replicas=first, name=name)
    values = fill(state, seed=0)
    state.host.step = 3
    Checkpoints(tmp_path, state, keep=1).save()
    other = make_state(replicas=second, name=name)
    assert Checkpoints(tmp_path, other, keep=1).restore_latest() == 3
    assert_equal(stored(other), values)
    for replica in range(second):
        weights = other.read(replica)["trainable"]
        assert_equal(dict(enumerate(map(np.asarray, weights))), {
            i: values[f"trainable/{i:04}"] for i in range(4)
        })  # fmt: skip


def test_each_device_keeps_its_part():
    """285 weights decay and 45 do not: parts of 144 and 32 on each device, in multiples of 16."""
    whole, divided = make_state(replicas=1), make_state(replicas=2)
    scalars = 8 + 4  # count of updates, learning rate
    for state, size in ((whole, 330), (divided, 144 + 32)):
        kept = state.bytes_a_device()
        assert (kept[OPTIMIZER], kept[EMA]) == (scalars + 2 * 4 * size, 4 * size)
        assert kept["trainable"] == 4 * 330
    values = fill(divided, seed=1)
    parts = [divided.read(replica)[EMA][0].numpy() for replica in range(2)]
    assert np.array_equal(np.concatenate(parts)[:285], values["ema/0000"].ravel())


def test_averages_begin_as_the_weights_and_are_whole_where_they_answer():
    state = make_state(replicas=2)
    weights = [v.numpy() for v in state.model.trainable_variables]
    in_graph = tf.function(lambda: state.read_for_answers()[0], autograph=False)
    for read in (lambda: state.read_for_answers()[0], in_graph):
        for value, expected in zip(read(), weights, strict=True):
            assert np.array_equal(value, expected)
    assert state.is_finite()
    last = state.read(1)[EMA]
    state.write({EMA: tuple(np.nan * v for v in last)}, replica=1)
    assert not state.is_finite()


def test_measuring_puts_parts_back():
    state = make_state(replicas=2)
    values = fill(state, seed=2)
    with state.unchanged():
        fill(state, seed=3)
    assert_equal(stored(state), values)


def test_a_checkpoint_of_another_model_changes_nothing(tmp_path):
    state = make_state(replicas=1)
    Checkpoints(tmp_path, state, keep=1).save()
    other = make_state(replicas=2, name="sgd", arguments={"momentum": 0.9})
    values = fill(other, seed=4)
    with pytest.raises(DataError, match="does not fit this model"):
        Checkpoints(tmp_path, other, keep=1).restore(0)
    parts = {name for name in values if name.startswith((OPTIMIZER, EMA)) and values[name].ndim}
    after = stored(other)
    assert_equal({n: after[n] for n in parts}, {n: values[n] for n in parts})


ELEMENTWISE = {"adadelta", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "rmsprop",
               "sgd"}  # fmt: skip


class Damped(keras.optimizers.SGD):
    """A user's own: weights whose names say so move less."""

    def update_step(self, gradient, variable, learning_rate):
        factor = 0.1 if variable.path.endswith("beta") else 1.0
        super().update_step(gradient * factor, variable, learning_rate)


class Slow(keras.optimizers.SGD):
    """A user's own: averages that begin as the weights, which no divided variable can."""

    def build(self, variables):
        super().build(variables)
        self.slow = [
            self.add_variable_from_reference(v, "slow", lambda *_, v=v, **__: v.value + 0)
            for v in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        slow = self.slow[[id(v) for v in self.weights].index(id(variable))]
        super().update_step(gradient, variable, learning_rate)
        self.assign(slow, 0.9 * slow + 0.1 * variable)
        self.assign(variable, slow)


@pytest.mark.parametrize(
    "name", [*optimizers.optimizers_by_name(), f"{__name__}:Damped", f"{__name__}:Slow"]
)
def test_optimizers_that_need_whole_weights_are_refused(name):
    make = functools.partial(optimizers.build_optimizer, name, weight_decay=0.01)
    if name in ELEMENTWISE or name.endswith("Damped"):
        sharded_optimizer.check_elementwise(make, name)
    else:
        with pytest.raises(UsageError) as caught:
            sharded_optimizer.check_elementwise(make, name)
        assert str(caught.value).startswith(
            f"--shard_optimizer: the update of --optimizer={name} needs whole weights"
        )


def test_a_weight_with_a_constraint_is_refused():
    layer = keras.layers.Dense(3, kernel_constraint="max_norm", name="capped")
    layer.build((None, 2))
    with pytest.raises(UsageError, match=r"the weight capped/kernel has a constraint \(MaxNorm\)"):
        sharded_optimizer.check_weights(layer.trainable_variables)


def test_a_users_own_optimizer_sees_the_names_of_weights():
    """Each weight is a group of its own, with its name: beta moves less."""
    state = make_state(replicas=2, name=f"{__name__}:Damped")
    assert [g.positions for g in state.shards.groups] == [(0,), (1,), (2,), (3,)]
    parts = [tf.zeros(g.part_size) for g in state.shards.groups]
    slots = [v.value.read_value() for v in state.optimizer.variables]
    moved, _ = optimizers.apply(
        state.optimizer, parts, slots, [1 + part for part in parts], tf.constant(0)
    )
    paths = [v.path for v in state.model.trainable_variables]
    assert [float(part[0]) for part in moved] == pytest.approx(
        [-0.01 if path.endswith("beta") else -0.1 for path in paths]
    )
    assert sum(path.endswith("beta") for path in paths) == 1


def test_hooks_and_shards_exclude_each_other():
    functions = StepFunctions(gradients=None, update=None, hooks=True)
    shards = Shards([keras.Variable(np.zeros(4, "f4"))], [True], num_replicas=2)
    with pytest.raises(ValueError, match="after_update: hooks read whole slots"):
        make_train_step(functions, None, StepOptions(batch_size=2), shards)


def test_one_replica_has_nothing_to_share(make_experiment, caplog):
    with caplog.at_level(logging.INFO, "tfapp"):
        built = make_experiment(
            xla="off", shard_optimizer=True, allreduce_precision="bfloat16", steps=1
        )
    assert built.state.shards is None
    assert "optimizer: kept whole: one replica has nothing to share" in caplog.text
    assert "gradients: one replica sends none (--allreduce_precision=bfloat16)" in caplog.text


def test_gradients_in_bfloat16_are_rounded_and_the_loss_is_not():
    """The sums of 1 + 2**-12 and of its double, on two replicas."""
    strategy = mirrored(Wanted(DeviceOptions(logical_devices=2))).strategy
    fine = 1 + 2**-12

    @tf.function(autograph=False)
    def summed(precision):
        def on_replica():
            grads, _, loss = reduce_across_replicas(
                (tf.fill([3], fine), tf.fill([], fine)), (), tf.constant(fine), precision=precision
            )
            return (*grads, loss)

        return strategy.run(on_replica)

    for precision, expected in (("float32", 2 * fine), ("bfloat16", 2.0)):
        *grads, loss = map(strategy.experimental_local_results, summed(precision))
        for replica in range(2):
            assert float(loss[replica]) == 2 * fine
            for grad in grads:
                assert grad[replica].dtype == tf.float32
                assert np.unique(grad[replica]) == expected


@pytest.mark.slow
def test_bfloat16_on_the_wire_trains_as_well(make_experiment):
    recipe = {"steps": STEPS, "batch_size": 64, "xla": "off", "logical_devices": 2}
    expected, _ = losses(make_experiment(**recipe), STEPS)
    built = make_experiment(**recipe, allreduce_precision="bfloat16", shard_optimizer=True)
    measured, _ = losses(built, STEPS)
    assert measured != pytest.approx(expected, rel=1e-6)
    assert measured == pytest.approx(expected, rel=0.02)


def steps_of(folder):
    """Step -> loss, as a run's metrics have it."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    records = [r for r in map(json.loads, lines) if r["split"] == "train"]
    assert len({r["step"] for r in records}) == len(records)
    return {r["step"]: r["loss"] for r in records}


@pytest.mark.slow
def test_a_run_goes_on_with_other_numbers_of_replicas(run_cli, run_main, tmp_path):
    """Unsharded on one, sharded on two and on three, and on one again: as if never interrupted.

    Three in a process of its own: TensorFlow's collectives allow one group size a process.
    """
    command = ("--batch_size=66", "--log_every=1", "--export=none", "--ema=0.9", "--clip_norm=0.5",
               "--xla=off", "--optimizer=adamw", "--weight_decay=0.1")  # fmt: skip
    expected = run_cli(*command, "--steps=40", "--model_dir=whole")
    assert expected.code == 0, expected.err
    for steps, replicas, run in ((10, 1, run_cli), (20, 2, run_cli), (30, 3, run_main),
                                 (40, 1, run_cli)):  # fmt: skip
        done = run(
            *command, f"--steps={steps}", f"--logical_devices={replicas}", "--shard_optimizer",
            "--model_dir=parts",
        )  # fmt: skip
        assert done.code == 0, done.err
    whole, parts = steps_of(tmp_path / "whole"), steps_of(tmp_path / "parts")
    assert parts == pytest.approx(whole, rel=1e-5)
    assert list(parts) == list(range(1, 41))
