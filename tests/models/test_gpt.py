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


def test_training_and_inference_compute_the_same(tokens, make_ids):
    """Training goes through compiled chains of operations, inference through TensorFlow's own."""
    model, ids = gpt(tokens), make_ids(3)
    assert model(ids, training=True).numpy() == pytest.approx(model(ids).numpy(), abs=1e-5)


def test_gradients_are_those_of_the_uncompiled_model(tokens, make_ids):
    model, ids = gpt(tokens), make_ids(3)

    def gradients(training):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(ids, training=training)))
        return tape.gradient(loss, [v.value for v in model.trainable_variables])

    for one, other in zip(gradients(True), gradients(False), strict=True):
        one, other = tf.convert_to_tensor(one).numpy(), tf.convert_to_tensor(other).numpy()
        assert one == pytest.approx(other, abs=float(1e-4 * np.abs(other).max()))


def test_refuses_other_outputs_than_its_tokens(tokens):
    with pytest.raises(UsageError, match="--model=gpt: predicts the 30 tokens that it takes"):
        build_model("gpt", {}, outputs=3, inputs=(tokens,))


def test_refuses_a_width_that_does_not_divide(tokens):
    with pytest.raises(UsageError, match="width=10: must be a multiple of 2 \\* heads=8"):
        gpt(tokens, width=10, heads=4)
