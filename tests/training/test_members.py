"""Members of an ensemble train as if each were a model of its own, and answer as one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.losses import losses
from tfapp.models.ensemble import Ensemble, members_of
from tfapp.spec import LabelSpec
from tfapp.tasks.classification import Classification
from tfapp.tasks.regression import Regression
from tfapp.tasks.task import TaskBatch
from tfapp.training.members import combined, training_objective

MEMBERS, CLASSES = 3, 4
CLASS = LabelSpec("y", "class", CLASSES, tuple("abcd"))
REAL = LabelSpec("y", "real")
OUTPUTS = np.random.default_rng(0).normal(size=(5, MEMBERS, CLASSES)).astype("f4")
LABELS = np.array([0, 3, 1, 1, 2], "i4")


class Several(Ensemble, keras.Model):
    """Three linear models of digits."""

    members = MEMBERS

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.heads = [keras.layers.Dense(outputs) for _ in range(MEMBERS)]

    def call(self, inputs):
        x = self.flatten(inputs)
        return keras.ops.stack([head(x) for head in self.heads], axis=1)


def batch(labels=LABELS):
    return TaskBatch(tf.zeros((len(labels), 1)), tf.constant(labels), training=True)


def cross_entropies(logits, labels):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits).numpy()


def test_an_examples_loss_is_the_mean_of_its_members_losses():
    task = Classification(CLASS)
    found = training_objective(task, lambda _: tf.constant(OUTPUTS), batch(), MEMBERS)
    each = [cross_entropies(OUTPUTS[:, i], LABELS) for i in range(MEMBERS)]
    assert found.losses.numpy() == pytest.approx(np.mean(each, axis=0), rel=1e-6)
    assert found.outputs.shape == (5, CLASSES)
    assert found.labels.numpy().tolist() == LABELS.tolist()


def test_class_weights_and_labels_of_several_values_stay_with_their_example():
    weights = np.array([1, 2, 3, 4], "f4")
    task = Classification(CLASS, class_weight=weights)
    soft = np.eye(CLASSES, dtype="f4")[LABELS]
    for labels in (LABELS, soft):
        found = training_objective(task, lambda _: tf.constant(OUTPUTS), batch(labels), MEMBERS)
        each = [cross_entropies(OUTPUTS[:, i], LABELS) for i in range(MEMBERS)]
        expected = np.mean(each, axis=0) * weights[LABELS]
        assert (found.losses * found.weights).numpy() == pytest.approx(expected, rel=1e-5)


def test_classifiers_answer_with_the_mean_of_their_probabilities():
    task = Classification(CLASS)
    logits = combined(task, lambda _: tf.constant(OUTPUTS), MEMBERS)(None)
    answers = task.answers(logits, None)
    expected = tf.nn.softmax(OUTPUTS).numpy().mean(axis=1)
    assert answers["probabilities"].numpy() == pytest.approx(expected, rel=1e-5)


def test_regressions_answer_with_the_mean_of_their_values():
    task = Regression(REAL, target=(10.0, 2.0))
    values = combined(task, lambda _: tf.constant(OUTPUTS[..., :1]), MEMBERS)(None)
    expected = OUTPUTS[..., 0].mean(axis=1) * 2 + 10
    assert task.answers(values, None)["value"].numpy() == pytest.approx(expected, rel=1e-5)


def test_a_model_without_members_is_left_alone():
    task, logits = Classification(CLASS), tf.constant(OUTPUTS[:, 0])
    found = training_objective(task, lambda _: logits, batch(), 0)
    assert found.outputs is not None and found.losses.shape == (5,)
    assert combined(task, len, 0) is len
    assert members_of(keras.Sequential()) == 0


RECIPE = {
    "model": "tests.training.test_members:Several", "optimizer": "sgd", "batch_size": 64,
    "steps": 4, "xla": "off",
}  # fmt: skip


def test_each_member_learns_from_its_own_loss(make_experiment):
    """One step of SGD equals a step of every head alone, with a third of the rate."""
    built = make_experiment(**RECIPE, learning_rate=0.3)
    before = [np.asarray(v) for v in built.state.read()["trainable"]]
    built.engine.restart(0)
    pulled = built.engine.pull(built.engine.inputs, tf.constant(0, tf.int64))
    rows = built.engine.batch(pulled, 0)
    images = np.asarray(built.data.preprocess(rows)).reshape(64, -1)
    _, after = losses(built, 1)
    for i in range(MEMBERS):
        kernel, bias = before[2 * i], before[2 * i + 1]
        wrong = tf.nn.softmax(images @ kernel + bias) - tf.one_hot(rows["label"], 10)
        slope = images.T @ wrong.numpy() / 64
        assert after[2 * i] == pytest.approx(kernel - 0.1 * slope, abs=1e-5)


@pytest.mark.parametrize(
    "changes", [{"logical_devices": 2}, {"accumulate": 2}, {"cpu_parts": 4}], ids=str
)
def test_the_losses_do_not_depend_on_how_a_batch_is_divided(make_experiment, changes):
    expected, _ = losses(make_experiment(**RECIPE), 4)
    measured, _ = losses(make_experiment(**RECIPE, **changes), 4)
    assert measured == pytest.approx(expected, rel=1e-5)


def test_what_is_evaluated_is_what_is_served(make_experiment, make_config, run_cli):
    import tfapp

    result = tfapp.run(make_config(**{**RECIPE, "steps": 20}, export=("savedmodel",)))
    assert result.metrics["test"]["loss"] == pytest.approx(
        result.metrics["test"]["log_loss"], rel=1e-5
    )
    again = run_cli("--mode=eval", f"--model_dir={result.model_dir}")
    assert again.code == 0, again.err
