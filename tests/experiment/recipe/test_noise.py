"""A small table whose quantity is predicted well has a weaker decay."""

import types

import numpy as np
import pytest

from tfapp.data.preprocessing.target import Target
from tfapp.experiment.recipe.noise import unexplained, weaker
from tfapp.spec import DataSpec, FeatureSpec, InputSpec, LabelSpec

DRAW = np.random.default_rng(0)
ROWS = 120
NUMBERS, TOWNS = DRAW.normal(size=(ROWS, 3)), DRAW.integers(0, 20, ROWS).astype("i4")
OF_TOWNS = DRAW.normal(size=20)


def label_of(noise):
    signal = NUMBERS @ [1.0, -1.0, 0.5] + OF_TOWNS[TOWNS]
    return signal / signal.std() + noise * DRAW.normal(size=ROWS)


@pytest.mark.parametrize("noise, least, most", [(0, 0, 0.02), (1, 0.45, 0.75), (30, 0.97, 1)])
def test_the_share_of_noise_is_measured(noise, least, most):
    assert least <= unexplained([NUMBERS, TOWNS], 5 + 100 * label_of(noise)) <= most


def test_as_each_row_left_out_in_turn_gives_it():
    x, y = NUMBERS[:20], label_of(0.5)[:20]
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    shares = []
    for penalty in 10.0 ** np.arange(-2, 5, 0.5):
        errors = []
        for i in range(20):
            rest = np.arange(20) != i
            a, b = x[rest], y[rest]
            # The one column that has no penalty is the mean.
            a = np.concatenate([a, np.ones((19, 1))], 1)
            ridge = np.diag([penalty] * 3 + [0.0])
            weights = np.linalg.solve(a.T @ a + ridge, a.T @ b)
            errors.append(y[i] - np.append(x[i], 1) @ weights)
        shares.append(np.square(errors).sum() / np.square(y).sum())
    assert unexplained([x], y) == pytest.approx(min(shares), rel=1e-6)


def test_what_cannot_be_fitted_is_all_noise():
    assert unexplained([np.zeros((ROWS, 2))], label_of(0)) == 1
    assert unexplained([], label_of(0)) == 1
    assert unexplained([np.zeros((ROWS, 16), "i4")], label_of(0)) == 1  # a text
    assert unexplained([NUMBERS], np.ones(ROWS)) == 1
    assert unexplained([NUMBERS[:2]], np.array([1.0, 2.0])) == 1


def decay(label, *, rule=6.0, kind="real", repeat=1, target=None):
    features = [FeatureSpec("x", "numeric", (), "float32"), FeatureSpec("t", "category", (), "str")]
    inputs = [InputSpec("x", "numeric", (), "float32"), InputSpec("t", "ids", (), "int32", 21)]
    arrays = {"x": NUMBERS[:, 0], "t": TOWNS, "y": label}
    arrays = {name: np.concatenate([values] * repeat) for name, values in arrays.items()}
    split = types.SimpleNamespace(num_examples=ROWS * repeat, arrays=lambda: arrays)
    data = types.SimpleNamespace(
        source=types.SimpleNamespace(splits={"train": split}),
        inputs=inputs,
        spec=DataSpec("data", tuple(features), LabelSpec("y", kind)),
        preprocess=Preprocess(target or Target(np.float32(0), np.float32(1))),
    )
    return weaker(rule, data)


class Preprocess:
    def __init__(self, target):
        self.target = target

    def __call__(self, arrays):
        return {"x": arrays["x"], "t": arrays["t"]}


EXACT = NUMBERS[:, 0] + OF_TOWNS[TOWNS]


def test_the_decay_follows_the_ratio_of_noise_to_signal():
    noisy = DRAW.normal(size=ROWS)
    assert decay(EXACT) < 0.2
    assert decay(EXACT, rule=0.02) == 0.02
    assert decay(EXACT) < decay(EXACT + 0.5 * noisy) < 4
    assert decay(noisy) == 6.0


def test_a_logarithm_that_is_learnt_is_what_counts():
    learnt = Target(np.float32(0), np.float32(1), np.float32(0), np.float32(9))
    assert decay(np.exp(8 * EXACT), target=learnt) < 0.2 < decay(np.exp(8 * EXACT))


@pytest.mark.parametrize("others", [{"kind": "class"}, {"repeat": 9}])
def test_classes_and_larger_tables_have_the_rules_decay(others):
    assert decay(EXACT, **others) == 6.0
