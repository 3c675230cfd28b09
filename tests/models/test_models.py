"""Every registered model: its number of weights, its outputs, and that it learns."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.models import MODELS, build_model
from tfapp.spec import InputSpec

NUMBERS = InputSpec("x", "numeric", (5,), "float32")
CITY = InputSpec("city", "ids", (), "int32", vocabulary=30)
TOKENS = InputSpec("text", "tokens", (16,), "int32", vocabulary=100)
# Inputs and number of weights with 10 outputs. A new model needs a line here.
MODELS_AND_WEIGHTS = {
    "mlp": (InputSpec("x", "image", (28, 28, 1), "float32"), 101_770),
    "cnn": (InputSpec("x", "image", (28, 28, 1), "float32"), 1_199_882),
    "resnet20": (InputSpec("x", "image", (32, 32, 3), "float32"), 269_722),
    "smallcnn": (InputSpec("x", "image", (96, 96, 3), "float32"), 1_185_066),
    "tabular": ((NUMBERS, CITY), 149_428),
    "text_encoder": (TOKENS, 324_490),
    "causal_transformer": (TOKENS, 807_434),
}


def test_every_model_has_a_pinned_size():
    assert set(MODELS_AND_WEIGHTS) == set(MODELS.names())


@pytest.mark.parametrize("name", MODELS_AND_WEIGHTS)
def test_size_and_outputs(name):
    specs, weights = MODELS_AND_WEIGHTS[name]
    specs = specs if isinstance(specs, tuple) else (specs,)
    model = build_model(name, (), 10, inputs=specs)
    values = {spec.name: tf.zeros((2, *spec.shape), spec.dtype) for spec in specs}
    outputs = model(values if len(values) > 1 else next(iter(values.values())))
    assert outputs.shape == ((2, 16, 10) if name == "causal_transformer" else (2, 10))
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == weights


@pytest.mark.parametrize("name", ["cnn", pytest.param("resnet20", marks=pytest.mark.slow)])
def test_learns(make_experiment, name):
    built = make_experiment(
        dataset="synthetic:12x12x1:4:256", model=name, batch_size=32, learning_rate=0.01,
        xla="off",
    )  # fmt: skip
    built.engine.restart(0)
    run = built.make_loop()
    first, last = run(0, 8).sums, run(8, 24).sums
    assert last["loss"] / last["count"] < first["loss"] / first["count"] / 2
