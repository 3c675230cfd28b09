"""LARS against its formula in float64 NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.training import optimizers


def test_two_updates():
    random = np.random.default_rng(0)
    weight, bias = random.normal(size=(3, 4)), random.normal(size=4)
    grads = [(random.normal(size=(3, 4)), random.normal(size=4)) for _ in range(2)]
    variables = [keras.Variable(v.astype("f4")) for v in (weight, bias)]
    lars = optimizers.build_optimizer(
        "lars", learning_rate=0.5, arguments={"momentum": 0.8, "trust": 0.01, "decay": 0.1}
    )
    lars.build(variables)
    values = [v.value.read_value() for v in variables]
    state = [v.value.read_value() for v in lars.variables]
    velocities = [np.zeros_like(weight), np.zeros_like(bias)]
    for i, step in enumerate(grads):
        values, state = optimizers.apply(
            lars, values, state, [tf.constant(g, tf.float32) for g in step], tf.constant(i)
        )
        decayed = step[0] + 0.1 * weight
        norm = np.linalg.norm(step[0]) + 0.1 * np.linalg.norm(weight)
        ratio = 0.01 * np.linalg.norm(weight) / norm
        velocities[0] = 0.8 * velocities[0] + 0.5 * ratio * decayed
        velocities[1] = (
            0.8 * velocities[1] + 0.5 * step[1]
        )  # vectors are neither scaled nor decayed
        weight, bias = weight - velocities[0], bias - velocities[1]
    assert np.asarray(values[0]) == pytest.approx(weight, rel=1e-5)
    assert np.asarray(values[1]) == pytest.approx(bias, rel=1e-5)
