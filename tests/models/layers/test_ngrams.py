"""The bag of n-grams: what it sees of a text, and what it learns from words of one stem."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.models.layers.ngrams import BagOfNGrams, pair_buckets

NAMES = ("", "?", " pay", " payment", " payments", " card", " cards", " lost")


def filled(layer, ids, value=None):
    """The layer, built; its weights drawn, or all of them `value`."""
    layer(ids)
    draw = np.random.default_rng(0)
    for weight in layer.trainable_weights:
        shape = weight.shape
        weight.assign(draw.normal(size=shape) if value is None else np.full(shape, value))
    return layer


def test_the_order_of_distant_tokens_and_the_padding_do_not_matter():
    ids = np.array([[2, 5, 7, 2, 5, 0], [2, 5, 2, 5, 7, 0], [7, 2, 5, 2, 5, 0]], "i4")
    layer = filled(BagOfNGrams(8, 3, NAMES), ids)
    out = layer(ids).numpy()
    assert layer(np.pad(ids, ((0, 0), (0, 4)))).numpy() == pytest.approx(out, abs=1e-4)
    # The pairs of the last two are 25 52 25 57 and 72 25 52 25: neighbours do matter.
    assert np.abs(out[1] - out[2]).max() > 0.01
    assert np.isfinite(layer(np.zeros((1, 6), "i4"))).all()


def test_the_sum_is_divided_by_the_root_of_the_number_of_features():
    ids = np.array([[2, 5, 0, 0]], "i4")
    layer = filled(BagOfNGrams(8, 2, NAMES), ids, value=1.0)
    ngrams = {" pay": 6, " card": 10}  # of two to five characters
    count = 2 + sum(ngrams.values()) + 1
    assert layer(ids).numpy() == pytest.approx(20 * np.sqrt(count) + 1, rel=1e-5)
    without = filled(BagOfNGrams(8, 2), ids, value=1.0)
    assert without(ids).numpy() == pytest.approx(20 * np.sqrt(3) + 1, rel=1e-5)


def test_words_of_one_stem_share_what_is_learnt():
    keras.utils.set_random_seed(0)
    layer = BagOfNGrams(8, 2, NAMES)
    optimizer = keras.optimizers.Adam(0.01)
    ids, labels = np.array([[2, 3], [5, 7]], "i4"), np.array([0, 1])
    layer(ids)
    for _ in range(20):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, layer(ids))
        weights = layer.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(losses, weights), weights, strict=True))
    unseen = tf.nn.softmax(layer(np.array([[4, 0], [6, 0]], "i4"))).numpy()
    assert unseen[0, 0] > 0.8
    assert unseen[1, 1] > 0.8


@pytest.mark.parametrize("outputs, buckets", [(1, 2**16), (77, 2**15), (1000, 2**11)])
def test_a_hash_has_fewer_buckets_for_many_outputs(outputs, buckets):
    layer = BagOfNGrams(8, outputs)
    layer(np.zeros((1, 3), "i4"))
    assert layer.pairs.shape == (buckets, outputs)


@pytest.mark.parametrize("vocabulary", [5, 4098, 60_000, 2_000_003])
@pytest.mark.parametrize("buckets", [2**10, 2**16])
def test_pairs_have_the_buckets_of_runs_that_computed_them_in_int64(vocabulary, buckets):
    ids = np.random.default_rng(0).integers(0, vocabulary, (64, 33)).astype(np.int32)
    ids[0] = vocabulary - 1
    found = pair_buckets(ids[:, :-1], ids[:, 1:], vocabulary=vocabulary, buckets=buckets)
    with np.errstate(over="ignore"):
        pairs = ids[:, :-1].astype(np.int64) * vocabulary + ids[:, 1:]
        expected = pairs * 2654435761 // 2**12 % buckets
    np.testing.assert_array_equal(found, expected)
