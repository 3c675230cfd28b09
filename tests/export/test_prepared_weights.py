"""A served model has what layers make of their weights, made once, in place of these weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.models import weights_of
from tfapp.models.layers.ngrams import BagOfNGrams
from tfapp.models.prepared import PreparesWeights


class Halved(PreparesWeights, keras.layers.Layer):
    """Its kernel counts half; notes how often this is computed."""

    made = 0

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], 3))
        self.bias = self.add_weight(name="bias", shape=(3,))

    def prepare(self):
        self.made += 1
        return (self.kernel / 2,)

    def weights_replaced(self):
        return [self.kernel]

    def call(self, x):
        (halved,) = self.prepared
        return tf.matmul(x, halved) + self.bias


class Halving(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.halved = keras.layers.Flatten(), Halved()

    def call(self, x):
        return self.halved(self.flat(x))

    read = call  # as a decoder has it


@pytest.fixture
def model():
    return Halving()


@pytest.fixture
def servable(make_image_servable, model):
    return make_image_servable(model)


def outputs(servable, images):
    return servable.core(servable.preprocess(images)).numpy()


def test_it_is_made_once(servable, model, images):
    before = model.halved.made
    expected = model(servable.preprocess(images)).numpy()
    assert model.halved.made == before + 1
    for rows in (images, {"image": images["image"][:2]}):
        assert np.allclose(outputs(servable, rows), expected[: len(rows["image"])], rtol=1e-6)
    assert model.halved.made == before + 1


def test_a_part_of_the_model_takes_it_as_well(servable, images):
    inputs = servable.preprocess(images)
    assert np.allclose(servable.read(inputs), servable.core(inputs), rtol=1e-6)


def test_it_takes_the_place_of_the_weights(servable, model):
    bias, halved = servable.trainable_weights
    assert np.array_equal(bias, model.halved.bias)
    assert np.array_equal(halved, model.halved.kernel / 2)


def test_it_is_made_anew_of_other_weights(servable, model, images):
    expected = outputs(servable, images)
    servable.assign(weights_of(model, change=0.5))
    assert not np.allclose(outputs(servable, images), expected)
    servable.release()
    assert all(v.read_value().numpy().nbytes == 0 for v in servable.trainable_weights)
    servable.assign(weights_of(model))
    assert np.array_equal(outputs(servable, images), expected)


def test_a_bag_of_ngrams_is_served_without_its_ngrams(make_image_servable, images):
    class Bag(keras.Model):
        def __init__(self):
            super().__init__()
            self.bag = BagOfNGrams(8, 3, ("", "?", " pay", " payment", " payments", " lost"))

        def call(self, x):
            ids = tf.cast(tf.reshape(tf.abs(x), (-1, 24)), tf.int32) % 8
            return self.bag(ids)

    model = Bag()
    servable = make_image_servable(model)
    draw = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(draw.normal(size=weight.shape))
    servable.assign(weights_of(model))
    expected = model(servable.preprocess(images)).numpy()
    assert np.allclose(outputs(servable, images), expected, rtol=1e-5)
    kept = sorted(tuple(v.shape) for v in servable.trainable_weights)
    assert kept == [(3,), (8, 3), tuple(model.bag.pairs.shape)]
