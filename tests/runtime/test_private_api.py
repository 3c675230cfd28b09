"""What Keras and TensorFlow do not promise, one test for each piece that tfapp relies on."""

import keras

from tests.models_for_tests import Blocks
from tfapp.runtime import private_api


def test_layers_of_a_subclassed_model():
    """--remat and the choice of placements look for blocks and convolutions at any depth."""
    model = Blocks()
    direct = private_api.layers_of(model, recursive=False)
    everything = private_api.layers_of(model)
    assert len([layer for layer in direct if isinstance(layer, keras.layers.Dense)]) == 2
    assert len([layer for layer in everything if isinstance(layer, keras.layers.Dense)]) == 6
    assert model not in everything
