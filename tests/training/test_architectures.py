"""Networks that others designed train as in a plain loop over the Keras model.

The tables are in applications.py and hub.py; docs/keras-applications.md is written from them.

A network amplifies what is rounded differently, a hundred times a step where batch normalisation
has four values of a channel: after 20 steps, two plain loops that add in different orders have
nothing in common. So both graphs run as they are traced, with the same operations in the same
order, and agree to the last bit; 1e-5 is what `assert_same` allows.
"""

import functools
import os

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.training import architecture_page, hub
from tests.training.applications import APPLICATIONS
from tests.training.architecture import batches, build
from tests.training.hub import HUB
from tests.training.plain_loop import assert_same, make_optimizer, run_plain, run_step


@pytest.fixture(autouse=True)
def graphs_as_traced():
    """No rewriting of graphs, which fuses operations that then round differently."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def graph(function, **options):
    return tf.function(function, autograph=False, **options)


def compare(architecture, steps, *, plain=graph, compiled=graph, rel=1e-5):
    model, data = build(architecture), batches(architecture, steps)
    assert model.count_params() == architecture.parameters
    begun = [v.numpy() for v in model.trainable_variables]
    optimizers = make_optimizer("SGD", learning_rate=architecture.rate, momentum=0.9)
    expected = run_plain(model, optimizers[0], data, compiled=plain)
    assert_same(run_step(model, optimizers[1], data, compiled=compiled), expected, rel)
    moved = [np.abs(a - b).max() for a, b in zip(expected.weights, begun, strict=True)]
    assert np.mean([change > 0 for change in moved]) > 0.8  # no gradient reaches a pooler


@pytest.mark.slow
def test_equals_a_plain_loop():
    """Of the one network that amplifies nothing, so that the plain loop needs no graph."""
    compare(APPLICATIONS["ConvNeXt, depths 1 1 2 1"], 2, plain=None)


# The largest take a minute each: TFAPP_ALL_NETWORKS=1 runs them, after a change of the step.
LARGE = {
    "EfficientNetB0", "EfficientNetV2B0", "ResNet50V2", "DenseNet121", "NASNetMobile", "Xception",
    "InceptionV3", "VGG16",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_application_equals_a_plain_loop_for_twenty_steps(name):
    if name in LARGE and not os.environ.get("TFAPP_ALL_NETWORKS"):
        pytest.skip("takes a minute: TFAPP_ALL_NETWORKS=1 runs it")
    compare(APPLICATIONS[name], APPLICATIONS[name].steps)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer .* destroy the mask")  # T5, SwinTransformer
@pytest.mark.skipif(not hub.INSTALLED, reason="keras-hub is not installed")
@pytest.mark.parametrize("name", HUB)
def test_hub_equals_a_plain_loop_for_twenty_steps(name):
    compare(HUB[name], HUB[name].steps)


@pytest.mark.slow
def test_xla_equals_a_plain_loop_of_kernels():
    """Layer normalisation does not amplify what is rounded differently: 20 steps to 1e-4."""
    jit = functools.partial(graph, jit_compile=True)
    compare(APPLICATIONS["ConvNeXt, depths 1 1 2 1"], 20, compiled=jit, rel=1e-4)


def test_the_page_is_current():
    page = (ROOT / "docs" / "keras-applications.md").read_text()
    command = "python -m tests.training.architecture_page > docs/keras-applications.md"
    assert page == architecture_page.markdown(), f"run: {command}"
