"""Every layer of keras.layers trains as in a plain loop over the Keras model, or is refused.

The table is in tests/training/keras_layers.py; docs/keras-layers.md is written from it.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.training import keras_layers
from tests.training.keras_layers import CASES, EXCLUDED, QUICK
from tests.training.layer_model import EQUAL, REFUSED, RUNS, batches, build
from tests.training.plain_loop import assert_same, make_optimizer, run_plain, run_step
from tfapp.errors import UsageError
from tfapp.models.supported import check_layers


def graph(function):
    return tf.function(function, autograph=False)


def cases(result, names=CASES):
    return [name for name in names if CASES[name].result == result]


def measured(case, optimizer, steps):
    model = build(case)
    return run_step(model, optimizer, batches(case, steps), compiled=graph)


def compare(name, steps, optimizer, **arguments):
    case = CASES[name]
    plain, ours = make_optimizer(optimizer, **arguments)
    data = batches(case, steps)
    expected = run_plain(build(case), plain, data, compiled=graph)
    assert_same(measured(case, ours, steps), expected)


@pytest.mark.parametrize("name", cases(EQUAL, QUICK))
def test_equals_a_plain_loop(name):
    compare(name, 3, "SGD", learning_rate=0.1, momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("name", cases(EQUAL))
def test_equals_a_plain_loop_for_twenty_steps(name):
    compare(name, 20, "Adam", learning_rate=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", cases(RUNS))
def test_repeats_with_the_seed(name):
    runs = []
    for _ in range(2):
        _, optimizer = make_optimizer("Adam", learning_rate=0.01)
        runs.append(measured(CASES[name], optimizer, 3))
    assert np.isfinite(runs[0].losses).all()
    assert_same(*runs)


@pytest.mark.parametrize("name", cases(REFUSED))
def test_is_refused_in_one_line(name):
    model = build(CASES[name])
    with pytest.raises(UsageError, match=r"--model=own: the layer .* is stateful"):
        check_layers(model, "own", num_replicas=1, accumulate=1)


def test_no_layer_is_missing_in_the_table():
    """A new layer of Keras gets a `Case`, or a reason why it has none."""
    everything = {kind for kind in vars(keras.layers).values() if isinstance(kind, type)}
    tried = {name.partition(",")[0] for name in CASES}
    assert tried.isdisjoint(EXCLUDED)
    known = {getattr(keras.layers, name) for name in tried | set(EXCLUDED)}
    assert {kind.__name__ for kind in everything - known} == set()
    assert all(EXCLUDED.values())
    assert all(case.why for case in CASES.values() if case.result != EQUAL)


def test_the_page_is_current():
    page = (ROOT / "docs" / "keras-layers.md").read_text()
    command = "python -m tests.training.keras_layers > docs/keras-layers.md"
    assert page == keras_layers.markdown(), f"run: {command}"
