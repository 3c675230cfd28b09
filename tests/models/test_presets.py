"""Every preset: its number of weights, its outputs, and that it learns."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.models import MODELS, build_model
from tfapp.models.preset import Preset


def _marked(name):
    preset = MODELS.get(name)
    large = isinstance(preset, Preset) and preset.parameters > 2e6
    deep = name in ("resnet44", "resnet56", "resnet110")
    return pytest.param(name, marks=pytest.mark.slow if large or deep else ())


@pytest.mark.parametrize("name", map(_marked, MODELS.names()))
def test_parameters_and_outputs(name):
    """A model that is offered without a pinned number of parameters fails here."""
    preset = MODELS.get(name)
    assert isinstance(preset, Preset), f"{name}: pin its parameters in tfapp/models/presets.py"
    model = build_model(name, {}, outputs=preset.outputs, inputs=preset.inputs)
    values = {spec.name: tf.zeros((2, *spec.shape), spec.dtype) for spec in preset.inputs}
    outputs = model(values if len(values) > 1 else next(iter(values.values())))
    axes = {"causal_transformer": (16,), "gpt": (16,), "tabm": (16,), "text_ensemble": (2,)}
    assert outputs.shape == (2, *axes.get(name, ()), preset.outputs)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == preset.parameters
    assert preset.source


@pytest.mark.parametrize(
    "name, millions",
    [
        ("resnet20", 0.27), ("resnet32", 0.46), ("resnet44", 0.66), ("resnet56", 0.85),
        ("resnet110", 1.7),
    ],
)  # fmt: skip
def test_parameters_of_residual_networks_are_those_of_the_paper(name, millions):
    """He et al., arXiv:1512.03385, table 6."""
    parameters = MODELS.get(name).parameters
    assert round(parameters / 1e6, 2 if millions < 1 else 1) == millions


@pytest.mark.parametrize("name", ["cnn", pytest.param("resnet20", marks=pytest.mark.slow)])
def test_learns(make_experiment, name):
    built = make_experiment(
        dataset="synthetic:12x12x1:4:256", model=name, batch_size=32, learning_rate=0.01,
        xla="off",
    )  # fmt: skip
    built.engine.restart(0)
    run = built.run_loop
    first, last = run(0, 8).sums, run(8, 24).sums
    assert last["loss"] / last["count"] < first["loss"] / first["count"] / 2
