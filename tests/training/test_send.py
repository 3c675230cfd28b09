"""Values reach every replica bit for bit."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.distribution.devices import DeviceOptions
from tfapp.distribution.strategy import Wanted, mirrored
from tfapp.training.send import send_values

ODD = [np.float32(-0.0), np.float32(np.nan), np.float32(np.inf), np.float32(1e-42)]


@pytest.mark.parametrize(
    "value", [np.array(ODD), np.arange(3), np.array([2**32 - 1], np.uint32)], ids=str
)
def test_the_first_replicas_bits_are_everybodys(value):
    strategy = mirrored(Wanted(DeviceOptions(logical_devices=2))).strategy
    with strategy.scope():
        variable = tf.Variable(value)
    first, second = strategy.experimental_local_results(variable)
    second.assign(tf.zeros_like(second))
    send_values([variable], strategy)
    assert first.numpy().tobytes() == second.numpy().tobytes() == value.tobytes()
