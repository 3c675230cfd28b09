"""A task that calls the model twice in a step: consistency between two dropout views.

The same input goes through the model twice, with two dropout masks, and a term of the loss pulls
the two answers together (as in R-Drop, arXiv:2106.14448, with squared differences).
"""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.tasks.classification import Classification

STEPS, RATE = 5, 0.5
RECIPE = {"task": "tests.tasks.test_two_views:TwoViews", "optimizer": "sgd", "learning_rate": RATE}
DROPPING = "tests.models_for_tests:Dropping"


class TwoViews(Classification):
    """Cross-entropy of the first view and the squared difference of both views' probabilities."""

    def objective(self, call, batch):
        first = super().objective(call, batch)
        if not batch.training:
            return first
        second = tf.cast(call(batch.inputs), tf.float32)
        difference = tf.nn.softmax(first.outputs) - tf.nn.softmax(second)
        return first._replace(losses=first.losses + tf.reduce_sum(tf.square(difference), -1))


def normalised(outputs=10):
    """Running statistics and a penalty, no dropout."""
    import keras

    return keras.Sequential(
        [
            keras.layers.Flatten(),
            keras.layers.Dense(16, kernel_regularizer="l2"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Dense(outputs),
        ]
    )


def train(experiment, steps=STEPS):
    """The loss of each step, without penalties."""
    experiment.engine.restart(0)
    run = experiment.run_loop
    sums = [run(step, 1).sums for step in range(steps)]
    return [part["loss"] / part["count"] for part in sums]


def plain_step(model, image, label):
    """The same step by TensorFlow and Keras alone; returns its loss without penalties."""
    with tf.GradientTape() as tape:
        views = [model(image, training=True) for _ in range(2)]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(label, views[0])
        difference = tf.nn.softmax(views[0]) - tf.nn.softmax(views[1])
        loss = tf.reduce_mean(losses + tf.reduce_sum(tf.square(difference), -1))
        penalties = sum(model.losses)  # Keras keeps those of the last call
        total = loss + penalties
    weights = [v.value for v in model.trainable_variables]
    for weight, gradient in zip(weights, tape.gradient(total, weights), strict=True):
        weight.assign_sub(RATE * gradient)
    return float(loss)


@pytest.mark.parametrize("hardware", [{"xla": "off"}, {"xla": "loop"}], ids=str)
def test_without_dropout_it_equals_a_plain_gradient_tape(make_experiment, hardware):
    """Statistics pass from the first view to the second, and the penalty counts once."""
    built = make_experiment(**RECIPE, model="tests.tasks.test_two_views:normalised", **hardware)
    twin = make_experiment(**RECIPE, model="tests.tasks.test_two_views:normalised", **hardware)
    inputs = twin.engine.prepare(twin.engine.inputs)
    pulled = [twin.engine.pull(inputs, tf.constant(k, tf.int64)) for k in range(STEPS)]
    batches = [twin.engine.batch(part, 0) for part in pulled]
    measured = train(built)
    expected = [plain_step(twin.model, twin.data.preprocess(b), b["label"]) for b in batches]
    assert measured == pytest.approx(expected, rel=1e-5)
    for mine, theirs in zip(built.model.variables, twin.model.variables, strict=True):
        assert np.asarray(mine) == pytest.approx(np.asarray(theirs), abs=1e-5)


def test_two_calls_draw_two_masks(make_experiment):
    """Without training's effect: the loss exceeds the cross-entropy by what the views differ in."""
    still = {**RECIPE, "learning_rate": 1e-12, "model": DROPPING, "xla": "off"}
    one = train(make_experiment(**{**still, "task": "auto"}), 1)
    two = train(make_experiment(**still), 1)
    assert two[0] > one[0] + 1e-3
    none = {**still, "model_arg": ("rate=0.0",)}
    one = train(make_experiment(**{**none, "task": "auto"}), 1)
    assert train(make_experiment(**none), 1) == pytest.approx(one, rel=1e-6)


def test_it_learns_with_dropout_and_is_evaluated_by_one_call(make_experiment):
    built = make_experiment(**RECIPE, model=DROPPING, xla="off")
    losses = train(built, 60)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2
    assert built.evaluate("test").metrics["accuracy"] > 0.7
