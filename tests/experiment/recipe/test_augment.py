"""The augmentation that is part of the recipe: what leaves the class of these images as it is."""

import dataclasses
import types

import numpy as np
import pytest

import tfapp
from tfapp.experiment.recipe import augment
from tfapp.experiment.recipe.rules import recipe_for
from tfapp.spec import IMAGES, TABLE, DataSpec, FeatureSpec, LabelSpec

WANTED = ("flip", "crop:0.125", "colour")
CLASSES = LabelSpec("y", "class", 2, ("a", "b"))


def make_data(shape=(32, 32, 3), dtype="uint8", label=CLASSES, symmetric=True):
    """What `augment.choose` reads of a `Data`."""
    draw = np.random.default_rng(0)
    shapes = draw.integers(0, 256, (2, *shape))
    shapes = (shapes + shapes[:, :, ::-1]) // 2 if symmetric else shapes
    noise = draw.integers(-5, 6, (200, *shape))
    images = np.clip(shapes[np.arange(200) % 2] + noise, 0, 255).astype(dtype)

    def subset(rows):
        arrays = {"image": images[rows], "y": rows % 2}
        return types.SimpleNamespace(arrays=lambda: arrays)

    split = types.SimpleNamespace(num_examples=200, subset=subset)
    spec = DataSpec("data", (FeatureSpec("image", "image", shape, dtype),), label)
    return types.SimpleNamespace(spec=spec, source=types.SimpleNamespace(splits={"train": split}))


@pytest.mark.parametrize(
    "data, chosen",
    [
        (make_data(), WANTED),
        (make_data(symmetric=False), ("crop:0.125", "colour")),
        (make_data((32, 32, 1)), ("flip", "crop:0.125")),
        (make_data(dtype="float32"), ("flip", "crop:0.125")),
        (make_data((8, 8, 3)), ()),
        (make_data(label=LabelSpec("y", "real")), ()),
    ],
    ids=["colour", "asymmetric", "grey", "not bytes", "tiny", "a quantity"],
)
def test_what_suits_the_images_is_chosen(data, chosen):
    assert augment.choose(WANTED, data) == chosen


def test_only_images_are_changed_by_default():
    few, many = (recipe_for(IMAGES, images, 1, CLASSES).augment for images in (5000, 50_000))
    assert few == ("flip", "crop:0.125", "colour")
    assert many == ("flip", "crop:0.0625", "colour")
    assert recipe_for(TABLE, 5000, 1, CLASSES).augment == ()


RUN = {
    "dataset": "synthetic:16x16x3:3:96", "model": "tests.models_for_tests:Normalised", "steps": 2,
    "batch_size": 8, "xla": "off", "precision": "float32", "export": ("none",),
}  # fmt: skip


@pytest.mark.parametrize("given", [("auto",), ("none",), ()])
def test_a_run_keeps_what_was_chosen_and_none_forces_nothing(make_experiment, given):
    built = make_experiment(**RUN, augment=given)
    assert ("crop:0.125" in built.config.augment) == (given == ("auto",))


def test_the_seed_network_is_not_given_changed_digits():
    assert tfapp.Config().augment == tfapp.Config(model="mlp").augment == ()
    assert dataclasses.replace(tfapp.Config(), augment=("crop",)).augment == ("crop",)
