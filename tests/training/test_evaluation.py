"""Evaluation counts every example exactly once: odd sizes, batch sizes, replicas."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.pipeline import evaluation
from tfapp.data.pipeline.evaluation import ResidentEvaluation, StreamedEvaluation
from tfapp.data.splits.array_split import ArraySplit
from tfapp.spec import SAMPLE_WEIGHT
from tfapp.tasks.classification import Classification


def part_of(value, replica):
    """A replica's part of what tf.distribute made, or the one value there is."""
    return value.values[replica] if hasattr(value, "values") else value


@pytest.mark.parametrize("kind", [ResidentEvaluation, StreamedEvaluation])
@pytest.mark.parametrize("replicas", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("examples, batch_size", [(1, 8), (3, 8), (7, 2), (8, 4), (257, 64)])
def test_rows_of_weight_one_are_the_split(kind, replicas, examples, batch_size):
    devices = [f"CPU:{i}" for i in range(replicas)]
    strategy = (
        tf.distribute.MirroredStrategy(devices) if replicas > 1 else tf.distribute.get_strategy()
    )
    split = ArraySplit({"row": np.arange(examples)})
    inputs = kind(split, strategy=strategy, batch_size=batch_size)
    started, counted = inputs.start(), []
    for step in range(inputs.num_steps):
        pulled = inputs.pull(started, tf.constant(step, tf.int64))
        local = [
            tf.nest.map_structure(lambda v, r=r: part_of(v, r), pulled) for r in range(replicas)
        ]
        for replica, part in enumerate(local):
            rows = inputs.batch(part, replica)
            counted += rows["row"].numpy()[rows[SAMPLE_WEIGHT] == 1].tolist()
    assert counted == list(range(examples))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"xla": "off"},
        {"logical_devices": 2},
        {"cpu_parts": 2, "xla": "off"},
        {"cpu_parts": 2, "eval_batch_size": 7},
    ],
    ids=str,
)
def test_metrics_equal_a_plain_average(make_experiment, changes):
    built = make_experiment(batch_size=2, **changes)
    test = built.data.source.splits["test"].arrays()
    outputs = built.model(built.data.preprocess({"image": test["image"]}))
    found = built.evaluate("test")
    assert {"loss", *built.task.goals()} == set(found.metrics)
    predicted = np.argmax(outputs, -1)
    accuracy = np.mean(predicted == test["label"])
    assert found.metrics["accuracy"] == pytest.approx(accuracy, abs=1e-12)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(test["label"], outputs)
    assert found.metrics["loss"] == pytest.approx(np.mean(losses, dtype="f8"), rel=1e-6)
    assert found.metrics["log_loss"] == pytest.approx(found.metrics["loss"], rel=1e-6)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (test["label"], predicted), 1)
    assert found.details["confusion_matrix"]["counts"] == counts.tolist()


class Traced(Classification):
    """Counts how often its evaluation is traced."""

    traces = 0

    def objective(self, call, batch):
        Traced.traces += not batch.training
        return super().objective(call, batch)


@pytest.mark.parametrize(
    "changes",
    [{"xla": "loop"}, {"engine": "stream", "xla": "step"}, {"logical_devices": 2}],
    ids=str,
)
def test_an_evaluation_is_traced_once_and_sees_the_latest_weights(
    make_experiment, changes, monkeypatch
):
    if "engine" in changes:  # its evaluation is streamed too
        monkeypatch.setattr(evaluation, "resident_bytes", lambda *_: math.inf)
    built = make_experiment(task="tests.training.test_evaluation:Traced", **changes)
    kept = built.state.read_all()
    first, traces = built.evaluate("validation"), Traced.traces
    built.engine.restart(0)
    built.run_loop(0, 20)
    assert built.evaluate("validation").metrics["loss"] < first.metrics["loss"]
    built.state.write_all(kept)  # as a restore does
    assert built.evaluate("validation").metrics == first.metrics
    assert Traced.traces == traces


@pytest.mark.slow
def test_the_batch_size_does_not_matter(make_experiment):
    one, two = (
        make_experiment(batch_size=8, eval_batch_size=size).evaluate("validation").metrics
        for size in (2, 512)
    )
    assert one == pytest.approx(two, rel=1e-6)
