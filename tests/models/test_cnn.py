"""The CNN equals the textbook network, in values and gradients."""

import keras
import numpy as np
import tensorflow as tf

from tfapp.models.cnn import CNN

IMAGES = np.random.default_rng(0).normal(size=(4, 12, 12, 1)).astype("float32")


def test_equals_the_layers_in_textbook_order():
    textbook = keras.Sequential(
        [
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model = CNN()
    logits, gradients = outputs_and_gradients(model)
    textbook(IMAGES)
    textbook.set_weights(model.get_weights())
    expected_logits, expected_gradients = outputs_and_gradients(textbook)
    np.testing.assert_array_equal(logits, expected_logits)
    for got, expected in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def outputs_and_gradients(model):
    with tf.GradientTape() as tape:
        logits = model(IMAGES)
        loss = tf.reduce_sum(tf.square(logits))
    return logits.numpy(), [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]
