"""The blocks of a model: its direct layers that have inner layers, unless it names them."""

import keras
import pytest
import tensorflow as tf

from tests.models_for_tests import Block, Blocks
from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.models.blocks import NamesBlocks, blocks_of
from tfapp.spec import InputSpec

IMAGE = (InputSpec("image", "image", (8, 8, 1), "float32"),)
PIXELS = tf.zeros((2, 8, 8, 1))


class TwoDeep(NamesBlocks, keras.Model):
    """Its blocks are inside one layer of the model."""

    def __init__(self):
        super().__init__()
        self.flatten = keras.layers.Flatten()
        self.encoder = keras.Sequential([Block(64), Block(64)])

    def named_blocks(self):
        return self.encoder.layers

    def call(self, inputs, training=False):
        return self.encoder(self.flatten(inputs), training=training)


class NamesAnothers(TwoDeep):
    def named_blocks(self):
        return [keras.layers.Dense(3, name="stranger")]


def test_direct_layers_with_inner_layers_are_blocks():
    model = Blocks()
    model(PIXELS)
    assert blocks_of(model) == list(model.blocks)


def test_residual_blocks():
    model = build_model("resnet20", {"blocks": 1}, outputs=10, inputs=IMAGE)
    model(PIXELS)
    assert blocks_of(model) == list(model.blocks)


def test_a_model_without_inner_layers_has_none():
    model = build_model("mlp", {}, outputs=10, inputs=IMAGE)
    model(PIXELS)
    assert blocks_of(model) == []


def test_a_model_names_its_blocks():
    model = TwoDeep()
    model(PIXELS)
    blocks = blocks_of(model)
    assert len(blocks) == 2
    assert all(isinstance(block, Block) for block in blocks)


def test_only_layers_of_the_model_can_be_named():
    model = NamesAnothers()
    model(PIXELS)
    with pytest.raises(UsageError, match=r"NamesAnothers.named_blocks names .*stranger"):
        blocks_of(model)
