"""The transformer encoder ignores padding, and pools as it is asked to."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.models.weight_decay import decayed_weights
from tfapp.spec import InputSpec


def encoder(tokens, **arguments):
    keras.utils.set_random_seed(0)
    given = {"width": 16, "depth": 1, "heads": 2, **arguments}
    return build_model("transformer", given, outputs=3, inputs=(tokens,))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_does_not_see_the_padding(tokens, make_ids, pooling):
    model, ids = encoder(tokens, pooling=pooling), make_ids(2)
    ids[:, 5:] = 0
    out = model(tf.constant(ids)).numpy()
    assert out.shape == (2, 3)
    table = model.embedding.embeddings
    table.assign(tf.tensor_scatter_nd_add(table.value, [[0]], tf.ones((1, 16))))
    assert model(tf.constant(ids)).numpy() == pytest.approx(out, abs=1e-6)
    assert np.isfinite(model(np.zeros((1, 12), "i4"))).all()


def test_the_order_of_the_tokens_counts(tokens, make_ids):
    model, ids = encoder(tokens), make_ids(1)
    assert np.abs(model(ids) - model(ids[:, ::-1])).max() > 1e-6


def test_positions_do_not_decay(tokens, make_ids):
    model = encoder(tokens, pooling="cls")
    model(make_ids(1))
    decayed = {variable.name for variable in decayed_weights(model)}
    assert decayed == {"embeddings", "kernel"}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"pooling": "max"}, "pooling=max: must be one of mean, cls"),
        ({"width": 10}, "width=10: must be a multiple of 2 \\* heads=4"),
    ],
)
def test_refuses_arguments(tokens, given, message):
    with pytest.raises(UsageError, match=message):
        encoder(tokens, **given)


def test_refuses_numbers():
    size = InputSpec("size", "numeric", (2,), "float32")
    with pytest.raises(UsageError, match="--model=transformer: takes a text, but size is"):
        encoder(size)
