"""Engines and evaluation inputs: what their contracts promise apart from the order."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.data.ops import iterator_ops

from tfapp.data.pipeline.engine import Engine
from tfapp.data.pipeline.evaluation import ResidentEvaluation, StreamedEvaluation, evaluation_input
from tfapp.data.pipeline.evaluation_input import EvaluationInput
from tfapp.data.pipeline.resident import ResidentInput
from tfapp.data.pipeline.stream import StreamInput
from tfapp.data.splits.array_split import ArraySplit
from tfapp.spec import EXAMPLE_SEED, SAMPLE_WEIGHT

SPLIT = ArraySplit({"x": np.arange(50, dtype=np.float32), "label": np.arange(50) % 3})
OPTIONS = {"strategy": tf.distribute.get_strategy()}


@pytest.mark.parametrize("kind", [ResidentInput, StreamInput])
@pytest.mark.parametrize("with_seeds", [False, True])
def test_a_batch_has_the_size_that_was_asked_for(kind, with_seeds):
    engine = kind(SPLIT, batch_size=7, seed=0, with_seeds=with_seeds, **OPTIONS)
    assert isinstance(engine, Engine)
    assert engine.name in ("resident", "stream")
    engine.restart(3)
    inputs = engine.prepare(engine.inputs)
    batch = engine.batch(engine.pull(inputs, tf.constant(3, tf.int64)), 0)
    names = {"x", "label", EXAMPLE_SEED} if with_seeds else {"x", "label"}
    assert set(batch) == names
    assert {value.shape[0] for value in batch.values()} == {7}


@pytest.mark.parametrize("allowed, kind", [(1e9, ResidentEvaluation), (10, StreamedEvaluation)])
def test_an_evaluation_uses_the_batch_size_it_is_given(allowed, kind):
    found = evaluation_input(SPLIT, batch_size=8, allowed=allowed, **OPTIONS)
    assert isinstance(found, EvaluationInput)
    assert isinstance(found, kind)
    assert found.waits == (kind is StreamedEvaluation)
    assert found.num_steps == 7
    batch = found.batch(found.pull(found.start(), tf.constant(0, tf.int64)), 0)
    assert batch["x"].shape == batch[SAMPLE_WEIGHT].shape == (8,)


def test_a_small_split_is_one_step_of_its_own_size():
    found = evaluation_input(SPLIT, batch_size=512, **OPTIONS)
    assert found.num_steps == 1
    batch = found.batch(found.pull(found.start(), tf.constant(0, tf.int64)), 0)
    assert batch["x"].shape == (50,)


@pytest.mark.parametrize("replicas", [1, 2])
def test_no_iterator_has_a_tuner_that_its_end_could_wait_for(monkeypatch, replicas):
    tuned, create = [], iterator_ops.OwnedIterator.__init__

    def note(self, dataset=None, **about):
        tuned.append(dataset.options().autotune.enabled)
        create(self, dataset, **about)

    monkeypatch.setattr(iterator_ops.OwnedIterator, "__init__", note)
    strategy = OPTIONS["strategy"]
    if replicas > 1:
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])
    StreamInput(SPLIT, batch_size=8, seed=0, strategy=strategy).restart(0)
    StreamedEvaluation(SPLIT, batch_size=8, strategy=strategy).start()
    assert tuned == [False] * 2 * replicas
