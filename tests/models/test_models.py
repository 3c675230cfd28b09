"""Every registered model: its number of weights, its outputs, and that it learns."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.models import MODELS, build_model

# (model, shape of one input) -> weights with 10 outputs. A new model needs a line here.
WEIGHTS = {
    "mlp": ((28, 28, 1), 101_770),
    "cnn": ((28, 28, 1), 1_199_882),
    "resnet20": ((32, 32, 3), 269_722),
}


def test_every_model_has_a_pinned_size():
    assert set(WEIGHTS) == set(MODELS.names())


@pytest.mark.parametrize("name", WEIGHTS)
def test_size_and_outputs(name):
    shape, weights = WEIGHTS[name]
    model = build_model(name, (), 10)
    outputs = model(tf.zeros((2, *shape)))
    assert outputs.shape == (2, 10)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == weights


@pytest.mark.parametrize("name", ["cnn", "resnet20"])
def test_learns(make_experiment, name):
    built = make_experiment(
        dataset="synthetic:12x12x1:4:256", model=name, batch_size=32, learning_rate=0.01,
        xla="off",
    )  # fmt: skip
    built.engine.restart(0)
    run = built.make_loop()
    first, last = run(0, 8).sums, run(8, 24).sums
    assert last["loss"] / last["count"] < first["loss"] / first["count"] / 2
