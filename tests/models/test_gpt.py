"""GPT: its number of weights, and that a token sees the past, in its order, and nothing else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.spec import InputSpec


def gpt(tokens, **arguments):
    keras.utils.set_random_seed(0)
    given = {"width": 16, "depth": 2, "heads": 2, **arguments}
    return build_model("gpt", given, outputs=tokens.vocabulary, inputs=(tokens,))


def weights(depth):
    """Those of GPT-2 small's width, with some number of blocks."""
    tokens = InputSpec("text", "tokens", (8,), "int32", 50_257)
    model = gpt(tokens, width=768, heads=12, depth=depth)
    model(tf.zeros((1, 8), tf.int32))
    return model.count_params()


def test_the_weights_are_those_of_gpt2_small_less_its_positions():
    """Of 12 blocks: each is as large as the first."""
    one, two = weights(1), weights(2)
    assert one + 11 * (two - one) == 124_439_808 - 1024 * 768


def test_a_token_does_not_see_what_comes_later(tokens, make_ids):
    model, before, after = gpt(tokens), make_ids(2), make_ids(2)
    after[:, 7:] = (after[:, 7:] + 3) % 29 + 1
    a, b = model(before).numpy(), model(after).numpy()
    assert a.shape == (2, 12, 30)
    assert a[:, :7] == pytest.approx(b[:, :7], abs=1e-6)
    assert np.abs(a[:, 7:] - b[:, 7:]).max() > 1e-4


def test_the_order_of_the_tokens_counts(tokens):
    model = gpt(tokens)
    straight = np.arange(3, 15, dtype="i4")[None]
    swapped = straight.copy()
    swapped[0, :2] = [4, 3]
    assert np.abs(model(straight)[0, -1] - model(swapped)[0, -1]).max() > 1e-6


def test_a_graph_computes_what_the_uncompiled_model_does(tokens, make_ids):
    """Chains of operations are compiled in a graph, and not eagerly."""
    model, ids = gpt(tokens), make_ids(3)
    weights = [v.value for v in model.trainable_variables]

    def run():
        with tf.GradientTape() as tape:
            logits = model(ids)
            loss = tf.reduce_mean(tf.square(logits))
        return [logits, *map(tf.convert_to_tensor, tape.gradient(loss, weights))]

    for one, other in zip(tf.function(run, autograph=False)(), run(), strict=True):
        tolerance = float(1e-4 * np.abs(other).max())
        assert one.numpy() == pytest.approx(other.numpy(), abs=tolerance)


def test_refuses_other_outputs_than_its_tokens(tokens):
    with pytest.raises(UsageError, match="--model=gpt: predicts the 30 tokens that it takes"):
        build_model("gpt", {}, outputs=3, inputs=(tokens,))


def test_refuses_a_width_that_does_not_divide(tokens):
    with pytest.raises(UsageError, match="width=10: must be a multiple of 2 \\* heads=8"):
        gpt(tokens, width=10, heads=4)
