"""What a cache gives is what the model gives without, at every position."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.models import build_model
from tfapp.models.cached_decoder import CachedDecoder
from tfapp.runtime.fused import uncompiled


@pytest.fixture(params=["gpt", "causal_transformer"])
def model(request, tokens):
    keras.utils.set_random_seed(0)
    arguments = {"width": 16, "depth": 2, "heads": 2}
    model = build_model(request.param, arguments, outputs=30, inputs=(tokens,))
    model(tf.zeros((1, 12), tf.int32))
    for weight in model.trainable_variables:  # larger, so that positions and contexts count
        weight.assign(weight * 8 if weight.ndim > 1 else weight)
    return model


def test_reading_gives_the_models_logits(model, make_ids):
    ids = make_ids(3)
    assert isinstance(model, CachedDecoder)
    logits, cache = model.read(ids)
    assert logits.numpy() == pytest.approx(model(ids).numpy(), abs=1e-5)
    assert [part.shape[0] for part in cache] == [3] * 4


def test_contexts_of_several_lengths_are_continued_each_by_itself(model, make_ids):
    ids, lengths = make_ids(3), np.array([2, 7, 5], np.int32)
    behind = np.arange(12) >= lengths[:, None]
    _, cache = model.read(np.where(behind, 0, ids).astype(np.int32))
    expected = model(ids).numpy()
    step, rows = tf.function(model.step), np.arange(3)
    for ahead in range(5):
        at = lengths + ahead
        with uncompiled():  # as it is exported
            logits, cache = step(tf.constant(ids[rows, at]), tf.constant(at), cache)
        assert logits.numpy() == pytest.approx(expected[rows, at], abs=1e-4)
        assert np.abs(expected[rows, at] - expected[rows, at - 1]).max() > 0.1
    assert step.experimental_get_tracing_count() == 1
