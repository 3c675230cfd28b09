"""Which models reduce across replicas when they are called."""

import keras
import pytest

from tests.models_for_tests import Normalised
from tfapp.models import build_model
from tfapp.models.layers import FusedBatchNorm, ReducesAcrossReplicas, reduces_across_replicas
from tfapp.spec import InputSpec

IMAGE = (InputSpec("image", "image", (8, 8, 1), "float32"),)


class Gathering(ReducesAcrossReplicas, keras.layers.Layer):
    reduces_across_replicas = True


class Keeping(ReducesAcrossReplicas, keras.layers.Layer):
    reduces_across_replicas = False


@pytest.mark.parametrize("synchronized", [True, False])
def test_synchronised_normalisation_does_at_any_depth(synchronized):
    arguments = {"synchronized": synchronized}
    residual = build_model("resnet20", arguments, outputs=10, inputs=IMAGE)
    assert reduces_across_replicas(residual) == synchronized
    assert reduces_across_replicas(Normalised(**arguments)) == synchronized
    kerass = keras.layers.BatchNormalization(**arguments)
    assert reduces_across_replicas(keras.Sequential([kerass])) == synchronized


def test_a_users_own_layer_declares_it():
    assert reduces_across_replicas(keras.Sequential([Keeping(), Gathering()]))
    assert not reduces_across_replicas(keras.Sequential([Keeping(), FusedBatchNorm()]))
