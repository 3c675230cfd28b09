"""Residual networks, ConvNeXt and vision transformers: the papers' parts, what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny_images import TINY
from tfapp.errors import UsageError
from tfapp.models import MODELS, build_model
from tfapp.models.blocks import blocks_of
from tfapp.models.weight_decay import decayed_weights
from tfapp.spec import InputSpec

# Of the others: 2. ConvNeXt has one that shrinks, ConvNet one for each convolution.
BLOCKS = {"convnet": 3, "wide_resnet": 3, "convnext_tiny": 3, "vit_tiny": 1, "vit_small": 1}


def build(name, side=32, **arguments):
    """(the tiny model, its answers to two random images), called in a graph as steps call it."""
    keras.utils.set_random_seed(0)
    inputs = (InputSpec("image", "image", (side, side, 3), "float32"),)
    model = build_model(name, {**TINY[name], **arguments}, outputs=5, inputs=inputs)
    return model, model(images(side)).numpy()


def images(side=32, count=2):
    draw = np.random.default_rng(0)
    return tf.constant(draw.normal(size=(count, side, side, 3)), tf.float32)


@pytest.mark.parametrize("name", TINY)
def test_has_the_blocks_that_remat_works_on_and_no_other_weights_decay_than_kernels(name):
    model, answers = build(name)
    assert answers.shape == (2, 5)
    assert len(blocks_of(model)) == BLOCKS.get(name, 2)
    kernels = {id(v) for v in model.trainable_variables if "kernel" in v.name}
    assert {id(v) for v in decayed_weights(model)} == kernels


@pytest.mark.parametrize(
    "name, millions",
    [
        ("resnet18", 11.69), ("resnet50", 25.56), ("wide_resnet", 36.5), ("convnext_tiny", 28.59),
        ("vit_tiny", 5.7), ("vit_small", 22.1),
    ],
)  # fmt: skip
def test_parameters_are_those_that_are_published(name, millions):
    """The papers', and to two places those of the implementations that they are compared by."""
    digits = len(str(millions).partition(".")[2])
    assert round(MODELS.get(name).parameters / 1e6, digits) == millions


def test_a_bottleneck_has_its_stride_in_the_3x3_convolution():
    model, _ = build("resnet50")
    strides = [[layer.strides[0] for layer in block.convolutions] for block in model.blocks]
    assert strides == [[1, 1, 1], [1, 2, 1]]
    assert (
        model.blocks[0].shortcut is not None and not model.blocks[0].norms[-1].gamma.numpy().any()
    )


def test_a_small_stem_keeps_the_sides():
    model, _ = build("resnet18", stem=3)
    assert model.stem(images()).shape[1:3] == (32, 32)
    assert model.stem_pool is None


@pytest.mark.parametrize("side, first", [(28, 28), (40, 40), (41, 21), (64, 32)])
def test_the_first_convolution_of_convnet_halves_larger_images(side, first):
    model, _ = build("convnet", side)
    assert model.blocks[0](images(side)).shape[1:3] == (first, first)


def test_a_residual_branch_starts_at_zero():
    model, _ = build("resnet18")
    x = tf.nn.relu(model.stem(images()))
    assert model.blocks[0](x, training=True).numpy() == pytest.approx(x.numpy())
    assert not any(block.norms[-1].gamma.numpy().any() for block in model.blocks)


def test_a_vision_transformer_reads_the_class_token_or_the_mean():
    token, _ = build("vit_tiny")
    mean, _ = build("vit_tiny", pool="mean")
    assert (token.positions.shape[1], mean.positions.shape[1]) == (17, 16)
    count = {m: sum(int(np.prod(v.shape)) for v in m.trainable_variables) for m in (token, mean)}
    assert count[token] - count[mean] == 2 * 8  # the token and its position


def test_patches_are_seen_in_their_order():
    model, answers = build("vit_tiny")
    swapped = tf.concat(tf.split(images(), 2, axis=2)[::-1], axis=2)
    assert np.abs(model(swapped).numpy() - answers).max() > 1e-5


@pytest.mark.parametrize(
    "name, side, arguments, message",
    [
        ("vit_tiny", 36, {}, "patch=8: does not divide images of 36x36 pixels"),
        ("vit_tiny", 32, {"pool": "max"}, "pool=max: must be one of token, mean"),
        ("vit_tiny", 32, {"heads": 3}, "width=8: must be a multiple of heads=3"),
        ("wide_resnet", 32, {"depth": 20}, "depth=20: must be 6n"),
        ("convnext_tiny", 6, {}, "patch=4: needs images of at least 8 pixels a side"),
        ("convnet", 32, {"inputs": ()}, "takes one image, but the data has "),
        ("convnext_tiny", 32, {"depths": (1,)}, "depths=.*: must be as many numbers as widths"),
    ],
)
def test_what_cannot_work_is_one_line(name, side, arguments, message):
    with pytest.raises(UsageError, match=message):
        build(name, side, **arguments)


@pytest.mark.parametrize("rank", [3, 4])
def test_stochastic_depth_leaves_out_whole_examples(rank):
    from tfapp.models.layers.drop_path import drop_path, rates

    ones = tf.ones((400, *[3] * (rank - 1)))
    kept = drop_path(0.25, rank)(ones, training=True).numpy().reshape(400, -1)
    assert (kept == kept[:, :1]).all()
    assert np.unique(kept) == pytest.approx([0, 4 / 3])
    assert (kept[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.1)
    assert rates(0.3, 4) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert rates(0.3, 1) == [0]
