"""Losses that a user's model adds by `add_loss` are part of the training loss, as in Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.plain_loop import assert_same, make_optimizer, run_plain, run_step


class AddsLosses(keras.Model):
    """One loss of its own, one of a layer inside, and one of an activity regulariser."""

    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(5, "tanh", activity_regularizer="l2")
        self.regularize = keras.layers.ActivityRegularization(l1=0.1)
        self.head = keras.layers.Dense(2, kernel_regularizer="l2")
        self.compile("sgd", "mse")  # whose metrics and loss must not count

    def call(self, x):
        x = self.regularize(self.hidden(x))
        self.add_loss(0.3 * keras.ops.mean(keras.ops.square(x)))
        return self.head(x)


@pytest.mark.parametrize("compiled", [None, lambda f: tf.function(f, autograph=False)])
def test_added_losses_train_as_in_a_plain_loop(compiled):
    random = np.random.default_rng(0)
    batches = [
        (
            tf.constant(random.normal(size=(8, 3)), tf.float32),
            tf.constant(random.normal(size=(8, 2)), tf.float32),
        )
        for _ in range(3)
    ]
    keras.utils.set_random_seed(0)
    model = AddsLosses()
    model(batches[0][0])
    plain, ours = make_optimizer("SGD", learning_rate=0.1)
    expected = run_plain(model, plain, batches)
    assert_same(run_step(model, ours, batches, compiled=compiled), expected)
