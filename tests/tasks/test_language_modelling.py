"""Losses and answers a token, against NumPy; padding does not count."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.spec import LabelSpec
from tfapp.tasks import build_task
from tfapp.tasks.task import TaskBatch

LABEL = LabelSpec("next_token", "tokens", 5, ("", "?", "a", "b", "c"), (4,))


def test_losses_are_means_over_the_tokens_that_are_not_padding():
    task = build_task("auto", "auto", LABEL)
    logits = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("f4")
    labels = np.array([[2, 3, 4, 0], [4, 0, 0, 0]], "i4")
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = [-logs[0, range(3), [2, 3, 4]].mean(), -logs[1, 0, 4]]
    batch = TaskBatch(tf.constant(logits), tf.constant(labels), training=False)
    objective = task.objective(lambda inputs: inputs, batch)
    assert objective.losses.numpy() == pytest.approx(expected, rel=1e-5)
    right = logits.argmax(-1) == labels
    (accuracy,) = task.evaluation_metrics
    state = accuracy.update(objective.outputs, objective.labels, tf.ones([2])).numpy()
    expected = np.mean([right[0, :3].mean(), float(right[1, 0])])
    assert accuracy.result(state) == {"accuracy": pytest.approx(expected)}


def test_perplexity_is_the_losss_exponential():
    task = build_task("auto", "auto", LABEL)
    assert task.derived({"loss": 2.0})["perplexity"] == pytest.approx(7.389056)


def test_the_answer_is_about_the_token_after_the_last():
    task = build_task("auto", "auto", LABEL)
    logits = np.zeros((2, 4, 5), "f4")
    logits[0, 1, 3] = logits[1, 3, 4] = 9
    answers = task.answers(logits, tf.constant([[2, 3, 0, 0], [2, 2, 2, 2]]))
    assert answers["next_token"].numpy().tolist() == [b"b", b"c"]
    assert answers["loss"].numpy() == pytest.approx([np.log(5)] * 2, rel=1e-5)
    assert answers["perplexity"].numpy() == pytest.approx([5, 5], rel=1e-5)
