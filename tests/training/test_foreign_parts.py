"""What people put into their models trains as in a plain loop, in XLA and in kernels."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.training.architecture import Architecture, batches, build
from tests.training.foreign_parts import PARTS
from tests.training.plain_loop import assert_same, make_optimizer, run_plain, run_step

QUICK = ("frozen in part", "shared model", "own losses", "shared generator", "distributions")


def unit_images(draw):
    return draw.uniform(0, 1, (4, 8, 8, 3)).astype("f4")


def compare(name, **options):
    """Three steps of each; the model, what it did not train before, and what was expected."""
    architecture = Architecture(PARTS[name], unit_images, 0)
    model, data = build(architecture), batches(architecture, 3)
    before = [v.numpy() for v in model.non_trainable_variables]
    plain, ours = make_optimizer("SGD", learning_rate=0.05, momentum=0.9)
    expected = run_plain(model, plain, data)
    compiled = functools.partial(tf.function, autograph=False, **options)
    rel = 1e-2 if name == "other precisions" else 2e-5
    assert_same(run_step(model, ours, data, compiled=compiled), expected, rel)
    return model, before, expected


@pytest.mark.parametrize("name", QUICK)
def test_equals_a_plain_loop(name):
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PARTS if name not in QUICK])
def test_others_equal_a_plain_loop(name):
    compare(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_xla_equals_a_plain_loop(name):
    compare(name, jit_compile=True)


def test_what_is_frozen_stays():
    model, before, after = compare("frozen")
    assert len(after.weights) == 2  # the head
    for variable, a, b in zip(model.non_trainable_variables, before, after.others, strict=True):
        drawn = "seed_generator" in variable.path  # dropout goes on
        assert np.array_equal(a, b) != drawn, variable.path


def test_unseeded_draws_are_new_in_each_step():
    model, before, after = compare("unseeded")
    state = model.non_trainable_variables[0]
    assert state.path.endswith("seed_generator_state")
    assert (after.others[0] - before[0]).tolist() == [0, 6]  # two layers, three steps
