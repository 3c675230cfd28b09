"""What a student loses by differing from its teacher."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.compression.distillation import Distillation
from tfapp.models.outputs import READS_LOGITS


def teacher_of(kind, *, weight=0.75, temperature=2.0):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Dense(5), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    )
    model(np.zeros((2, 3), "f"))
    model.layers[1].moving_mean.assign(np.arange(5))

    def weights():
        parts = model.trainable_variables, model.non_trainable_variables
        return tuple([v.numpy() for v in part] for part in parts)

    return model, Distillation(
        model=model,
        weights=weights,
        preprocess=lambda batch: batch["x"] * 2,
        read_outputs=READS_LOGITS,
        combine=None,
        kind=kind,
        weight=weight,
        temperature=temperature,
    )


def losses_of(teacher, *arrays):
    return teacher.losses(*map(tf.constant, arrays)).numpy()


def test_it_answers_as_its_run_does_whatever_becomes_of_the_model():
    model, teacher = teacher_of("class")
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("f")
    expected = model(x * 2, training=False).numpy()
    values = tuple(tf.identity(v.value) for v in teacher.variables())
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    assert teacher.outputs(values, {"x": tf.constant(x)}).numpy() == pytest.approx(
        expected, abs=1e-6
    )


def test_of_classes_it_is_the_divergence_of_softened_probabilities():
    _, teacher = teacher_of("class")
    rng = np.random.default_rng(0)
    mine, theirs = rng.normal(size=(2, 6, 5)).astype("f") * 3
    own = rng.uniform(size=6).astype("f")

    def softened(logits):
        powers = np.exp(logits / 2)
        return powers / powers.sum(axis=1, keepdims=True)

    p, q = softened(theirs), softened(mine)
    expected = 0.25 * own + 0.75 * 4 * (p * np.log(p / q)).sum(axis=1)
    assert losses_of(teacher, own, mine, theirs) == pytest.approx(expected, rel=1e-5)
    assert losses_of(teacher, own, theirs, theirs) == pytest.approx(0.25 * own, abs=1e-6)


def test_of_real_values_it_is_the_squared_error():
    _, teacher = teacher_of("real")
    mine, theirs = np.array([[1.0], [3.0]], "f"), np.array([[2.0], [5.0]], "f")
    assert losses_of(teacher, np.array([4.0, 8.0], "f"), mine, theirs) == pytest.approx(
        [1 + 0.75, 2 + 3.0]
    )


def test_each_member_of_an_ensemble_is_taught():
    _, teacher = teacher_of("real")
    members, theirs = np.array([[[1.0], [4.0]]], "f"), np.array([[2.0]], "f")
    assert losses_of(teacher, np.zeros(1, "f"), members, theirs) == pytest.approx([0.75 * 2.5])
