"""A run says where batch normalisation makes its results depend on how a batch is divided."""

import logging

import keras
import pytest

from tests.models_for_tests import Normalised
from tfapp.models import build_model
from tfapp.models.batch_statistics import division_note
from tfapp.spec import InputSpec

IMAGE = (InputSpec("image", "image", (8, 8, 1), "float32"),)
PLAN = {"batch_size": 32, "num_replicas": 1, "accumulate": 1}


def resnet(**arguments):
    return build_model("resnet20", arguments, outputs=10, inputs=IMAGE)


def frozen():
    layer = keras.layers.BatchNormalization()
    layer.trainable = False
    return keras.Sequential([layer])


@pytest.mark.parametrize(
    "changes, size, how",
    [
        ({"num_replicas": 2}, 16, "2 replicas"),
        ({"accumulate": 4}, 8, "--accumulate=4"),
        ({"num_replicas": 2, "accumulate": 4}, 4, "2 replicas, --accumulate=4"),
    ],
)
@pytest.mark.parametrize(
    "make", [resnet, Normalised, lambda: keras.Sequential([keras.layers.BatchNormalization()])]
)
def test_parts_are_normalised_by_themselves(make, changes, size, how):
    note = division_note(make(), **{**PLAN, **changes})
    assert f"from {size} examples at a time, not from the whole batch of 32 ({how})" in note
    assert ("synchronized=True" in note) == ("accumulate" not in changes)


@pytest.mark.parametrize(
    "make, changes",
    [
        (resnet, {}),
        (lambda: resnet(synchronized=True), {"num_replicas": 2}),
        (frozen, {"num_replicas": 2, "accumulate": 2}),
        (lambda: keras.Sequential([keras.layers.LayerNormalization()]), {"num_replicas": 2}),
        (lambda: keras.Sequential([keras.layers.Dense(3)]), {"accumulate": 2}),
    ],
)
def test_a_batch_in_one_piece_is_not_mentioned(make, changes):
    assert division_note(make(), **{**PLAN, **changes}) == ""


def test_synchronised_statistics_still_depend_on_micro_batches():
    note = division_note(resnet(synchronized=True), **{**PLAN, "accumulate": 2})
    assert "from 16 examples at a time" in note


@pytest.mark.parametrize(
    "changes, lines", [({"logical_devices": 2}, 1), ({"accumulate": 2}, 1), ({}, 0)]
)
def test_a_run_says_so_once(make_experiment, caplog, changes, lines):
    model = "tests.models_for_tests:Normalised"
    with caplog.at_level(logging.INFO, "tfapp"):
        make_experiment(model=model, xla="off", precision="float32", **changes)
    assert caplog.text.count("batch normalisation takes its statistics from 16 ") == lines
