"""Steps that update variables in place compute, bit for bit, what steps that carry values do."""

import json
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import HANG_SECONDS, ROOT
from tfapp.experiment import settle
from tfapp.experiment.calibration import candidates
from tfapp.training import optimizers, pieces
from tfapp.training import state as states
from tfapp.training.pieces import Part
from tfapp.training.sums import SKIPPED

STEPS = 6
ADAMW = {
    "optimizer": "adamw", "weight_decay": 0.05, "clip_norm": 0.5, "ema": 0.9, "warmup_steps": "3",
}  # fmt: skip
SKIPS = {"model": f"{__name__}:SometimesInfinite", "nan_policy": "skip"}


class SometimesInfinite(keras.Model):
    """In training, infinite outputs where a batch's first example is brighter than its second."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.hidden, self.head = keras.layers.Dense(64, "relu"), keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        inputs = self.flatten(inputs)
        first, second = tf.reduce_sum(inputs[0]), tf.reduce_sum(inputs[1])
        outputs = self.head(self.hidden(inputs))
        return outputs / tf.cast(first <= second, outputs.dtype) if training else outputs


class Spectral(keras.Model):
    """Assigns a weight in each call."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.SpectralNormalization(keras.layers.Dense(64, "relu"))
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        return self.head(self.hidden(self.flatten(inputs), training=training))


class LooksAtAll(keras.optimizers.SGD):
    """Could look at the gradients of all weights."""

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        super()._backend_update_step(grads, trainable_variables, learning_rate)


@pytest.fixture
def large(monkeypatch):
    """large(): from now on every state is large, and its weights are updated by rows."""

    def make():
        monkeypatch.setattr(states, "LARGE_BYTES", 0)
        monkeypatch.setattr(pieces, "PIECE_BYTES", 1 << 11)

    return make


def run(experiment, steps=STEPS):
    """(losses and skipped steps, the values of all variables) after loops of one step and more."""
    experiment.engine.restart(0)
    results = [experiment.run_loop(0, 1), experiment.run_loop(1, steps - 1)]
    return [(r.sums["loss"], r.sums[SKIPPED], r.bad_step) for r in results], values(experiment)


def values(experiment):
    return [np.asarray(v) for v in tf.nest.flatten(experiment.state.read_all())]


def equal(ours, theirs):
    return len(ours) == len(theirs) and all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, theirs, strict=True)
    )


CASES = [
    ("off", ADAMW),
    ("off", {**SKIPS, "optimizer": "sgd", "optimizer_arg": ("momentum=0.9",)}),
    ("off", {"precision": "float16", "ema": 0.9}),
    ("off", {"optimizer": "lars", "learning_rate": 1.0}),
    ("off", {"optimizer": "nadam", "logical_devices": 2}),
    ("update", ADAMW),
    ("update", {"logical_devices": 2, **SKIPS}),
    ("step", {}),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in [
            ("off", {**ADAMW, "logical_devices": 2, "accumulate": 2}),
            # Without clipping: TensorFlow's graph optimizer rounds it once differently here.
            ("off", {"model": f"{__name__}:Spectral", **ADAMW, "clip_norm": 0.0}),
            ("off", {"optimizer": "adafactor", "learning_rate": 0.01}),
            ("off", {"optimizer": "lion", "learning_rate": 1e-4}),
            ("off", {"optimizer": "lamb"}),
            ("update", {"precision": "float16", "ema": 0.9}),
            ("update", {"optimizer": "lion", "learning_rate": 1e-4}),
            ("update", {"optimizer": "muon", "learning_rate": 0.01}),
            ("gradients", {**ADAMW, "logical_devices": 2}),
            ("step", {"precision": "float16", "ema": 0.9}),
        ]
    ),
]


@pytest.mark.parametrize("xla, recipe", CASES, ids=str)
def test_the_results_are_the_same_bits(make_experiment, large, xla, recipe):
    recipe = {"batch_size": 64, "xla": xla, **recipe}
    expected, weights = run(make_experiment(**recipe))
    large()
    measured, learnt = run(make_experiment(**recipe))
    assert measured == expected
    assert equal(learnt, weights)


def test_a_loss_that_is_not_finite_ends_the_loop_at_the_same_step(make_experiment, large):
    recipe = {"model": SKIPS["model"], "batch_size": 64, "xla": "off"}
    (_, (_, _, expected)), weights = run(make_experiment(**recipe), steps=20)
    assert expected is not None
    large()
    (_, (_, _, measured)), learnt = run(make_experiment(**recipe), steps=20)
    assert measured == expected
    assert equal(learnt, weights)  # the step's values are assigned either way


@pytest.mark.parametrize(
    "xla, devices", [("off", 2), ("update", 1), ("step", 1), ("loop", 1)], ids=str
)
def test_a_discarded_loop_leaves_every_bit(make_experiment, large, xla, devices):
    large()
    built = make_experiment(
        xla=xla, batch_size=64, logical_devices=devices, precision="float16", ema=0.9
    )
    run(built, 2)
    before = values(built)
    discarded = built.run_loop(2, 3, discard=True)
    assert equal(values(built), before)
    kept = built.run_loop(2, 3)
    assert not equal(values(built), before)
    # A loop as one program is run and undone; elsewhere each step begins with the same values.
    assert (discarded.sums["loss"] == kept.sums["loss"]) == (xla == "loop")


def built_optimizer(name):
    layers = [keras.layers.Dense(32), keras.layers.Dense(32), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input([64]), *layers])
    optimizer = optimizers.build_optimizer(name, learning_rate=0.1)
    optimizer.build(model.trainable_variables)
    return optimizer


@pytest.mark.parametrize(
    "name, by_rows",
    [("adam", True), ("lion", True), ("sgd", True), ("nadam", True),
     ("lamb", False), ("lars", False), ("muon", False)],
)  # fmt: skip
def test_rows_where_the_rule_treats_each_element_by_itself(monkeypatch, name, by_rows):
    """Of weights of [64, 32], [32], [32, 32], [32], [32, 10], [10]; the last matrix is small."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1 << 10)
    divided = pieces.plan(built_optimizer(name))
    rows = {0: 8, 2: 8, 4: 0} if by_rows else {0: 0, 2: 0, 4: 0}
    assert {part.weight: part.rows for part in divided.parts} == rows
    assert [part.weight for part in divided.together] == [1, 3, 5]


@pytest.mark.parametrize("name", ["adafactor", f"{__name__}:LooksAtAll"])
def test_a_rule_of_several_weights_is_not_divided(name):
    """Adafactor's factors belong to a weight without being slots of its shape."""
    assert pieces.plan(built_optimizer(name)) is None


def test_parts_name_the_slots_of_each_weight():
    divided = pieces.plan(built_optimizer("adam"))
    assert not divided.parts  # all are small
    optimizer = built_optimizer("adam")
    assert divided.together[0] == Part(0, (2, 3), 0)
    assert [optimizer.variables[i].name for i in divided.shared] == ["iteration", "learning_rate"]


def test_averages_have_memory_of_their_own(make_experiment):
    """Else the first step would copy the buffer that they share, and in two threads twice."""
    state = make_experiment(ema=0.9).state
    for weight, average in zip(*(state.variables()[g] for g in ("trainable", "ema")), strict=True):
        assert np.array_equal(weight, average)
        assert not np.shares_memory(weight.numpy(), average.numpy())


def test_of_large_states_only_one_is_there_while_precisions_are_measured(
    make_experiment, large, monkeypatch
):
    large()
    monkeypatch.setattr(candidates, "processor_flags", lambda: {"avx512_bf16"})
    seen, build = [], settle.build_state

    def build_state(*args, **kwargs):
        assert not any(ref() for ref in seen)
        state = build(*args, **kwargs)
        seen.append(weakref.ref(state.variables()["trainable"][0]))
        return state

    monkeypatch.setattr(settle, "build_state", build_state)
    built = make_experiment(steps=100_000)
    assert len(built.choice.measurements) == 2
    assert seen[-1]() is built.state.variables()["trainable"][0]


@pytest.mark.slow
@pytest.mark.parametrize("row", ["tfapp off", "tfapp update"])
def test_bytes_for_every_byte_of_weights(row):
    """4 are needed: weights, two slots, gradient. Carried values take 8 and more."""
    script = ROOT / "benchmarks" / "memory.py"
    done = subprocess.run(
        [sys.executable, script, f"--run={row}", "--hidden=16000", "--rounds=1"],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["bytes_a_byte"] < 5.0
