"""Dense layers whose kernel is a product of two: how near, how few weights, in any model."""

import keras
import numpy as np
import pytest

from tfapp.compression.kernels import kernels_of
from tfapp.compression.low_rank import LowRankDense, describe, factor, factor_within, ranks_of
from tfapp.models.weight_decay import decayed_weights


class Nested(keras.Model):
    """Dense layers in an attribute, in a list, in a layer of a layer; one of them used twice."""

    def __init__(self, **more):
        super().__init__()
        self.first = keras.layers.Dense(40, "relu", **more)
        self.twice = keras.layers.Dense(40, **more)
        self.others = [keras.Sequential([keras.layers.Dense(40, use_bias=False, **more)])]
        self.head = keras.layers.Dense(2)

    def call(self, x):
        return self.head(self.others[0](self.twice(self.twice(self.first(x)))))


X = np.random.default_rng(0).normal(size=(16, 40)).astype("f")


def nested(seed=0, spread=0.6, **more):
    """A `Nested` whose kernels have singular values that fall by `spread` from one to the next."""
    keras.utils.set_random_seed(seed)
    model = Nested(**more)
    model(X)
    draw = np.random.default_rng(seed)
    for layer in (model.first, model.twice, model.others[0].layers[0]):
        left, right = (np.linalg.qr(draw.normal(size=(40, 40)))[0] for _ in range(2))
        layer.kernel.assign(left * spread ** np.arange(40) @ right)
    return model


def kernels(model):
    layers = (model.first, model.twice, model.others[0].layers[0], model.head)
    return [np.asarray(layer.kernel) for layer in layers]


@pytest.mark.parametrize("error", [0.5, 0.1, 0.01])
def test_each_kernel_is_as_near_as_asked_for_by_the_lowest_rank(error):
    model = nested()
    before = kernels(model)
    factor_within(model, error)
    ranks = ranks_of(model)
    assert len(ranks) == 4 and ranks[3] == 0  # 40 x 2 has no product of fewer weights
    for kernel, changed, rank in zip(before[:3], kernels(model), ranks, strict=False):
        assert np.linalg.norm(kernel - changed) <= error * np.linalg.norm(kernel)
        values = np.linalg.svd(kernel, compute_uv=False)
        assert np.linalg.norm(values[rank - 1 :]) > error * np.linalg.norm(values)
    assert np.array_equal(kernels(model)[3], before[3])


def test_the_model_answers_nearly_as_before_with_fewer_weights():
    model = nested()
    before, count = model(X).numpy(), model.count_params()
    factor_within(model, 1e-3)
    after = model(X).numpy()
    assert 0 < np.linalg.norm(after - before) < 1e-2 * np.linalg.norm(before)
    rank = ranks_of(model)[0]
    assert model.count_params() == count - 3 * (1600 - 80 * rank)
    assert len({id(v) for v in model.trainable_variables}) == len(model.trainable_variables)
    assert sum(v.value.numpy().size for v in model.trainable_variables) == model.count_params()


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_second_model_is_made_alike_by_the_ranks_alone(policy):
    model = nested()
    factor_within(model, 0.05)
    other = nested(seed=1, dtype=policy)
    factor(other, ranks_of(model))
    assert ranks_of(other) == ranks_of(model)
    for mine, theirs in zip(model.trainable_variables, other.trainable_variables, strict=True):
        theirs.assign(mine)
    exact = policy == "float32"
    assert np.allclose(other(X), model(X), **({"atol": 1e-6} if exact else {"atol": 0.2}))


def test_both_factors_are_kernels_that_decay_and_are_reported():
    model = nested()
    factor_within(model, 0.05)
    factors = [v for v in model.trainable_variables if v.name.endswith("_factor")]
    assert len(factors) == 6
    found = [kernel for kernel in kernels_of(model) if isinstance(kernel.layer, LowRankDense)]
    assert [model.trainable_variables[kernel.position].name for kernel in found] == [
        v.name for v in factors
    ]
    decayed = {id(v) for v in decayed_weights(model)}
    assert all(id(v) in decayed for v in factors)
    shapes = [(layer["shape"], layer["rank"]) for layer in describe(model).values()]
    assert shapes == [([40, 40], rank) for rank in ranks_of(model)[:3]]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model.twice, "trainable", False),
        lambda model: setattr(model.twice, "kernel_regularizer", keras.regularizers.L2(1e-3)),
        lambda model: setattr(model.twice, "kernel_constraint", keras.constraints.MaxNorm()),
        lambda model: model.twice.kernel.assign(np.zeros((40, 40))),
        lambda model: model.twice.kernel.assign(np.eye(40)),
    ],
    ids=["frozen", "regularised", "constrained", "zero", "of full rank"],
)
def test_a_layer_that_cannot_be_or_gains_nothing_stays(change):
    model = nested()
    change(model)
    factor_within(model, 0.1)
    assert ranks_of(model)[1] == 0
    assert type(model.twice) is keras.layers.Dense


def test_it_trains_and_low_rank_layers_stay_as_they_are():
    model = nested()
    factor_within(model, 0.1)
    ranks, before = ranks_of(model), [v.numpy() for v in model.trainable_variables]
    model.compile("sgd", "mse")
    model.fit(X, np.ones((16, 2), "f"), epochs=1, verbose=0)
    assert all(
        not np.array_equal(v, w) for v, w in zip(before, model.trainable_variables, strict=True)
    )
    factor_within(model, 0.9)
    assert ranks_of(model)[:3] == ranks[:3]
