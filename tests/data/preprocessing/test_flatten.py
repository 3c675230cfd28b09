"""--flatten: one vector of all features, the same after a restore and in any order of columns."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.categories import Categories
from tfapp.data.preprocessing.flatten import Flatten
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.errors import UsageError
from tfapp.spec import DataSpec, FeatureSpec, InputSpec, LabelSpec

SPEC = DataSpec(
    "made",
    (
        FeatureSpec("town", "category", (), "string"),
        FeatureSpec("image", "image", (2, 2, 1), "uint8"),
        FeatureSpec("age", "numeric", (), "float32"),
    ),
    LabelSpec("y", "class", 2, ("a", "b")),
)
TRANSFORMS = {
    "town": Categories(("Bern", "Zug")),
    "image": Standardize(np.zeros(1, "f4"), np.ones(1, "f4")),
    "age": Standardize(np.float32(50), np.float32(0.1), "flagged"),
}
ROWS = {
    "town": tf.constant([2, 0]),
    "image": tf.reshape(tf.range(8, dtype=tf.int32), (2, 2, 2, 1)),
    "age": tf.constant([60.0, np.nan]),
}
WANTED = [[1, 0, 0, 1, 2, 3, 0, 0, 1], [0, 1, 4, 5, 6, 7, 1, 0, 0]]


@pytest.fixture
def preprocess():
    apart = Preprocessing(TRANSFORMS)
    return Preprocessing(TRANSFORMS, flatten=Flatten.of(apart.feature_specs(SPEC)))


def test_numbers_pixels_and_one_hot_categories_in_the_order_of_names(preprocess):
    vectors = preprocess(ROWS)
    assert vectors.dtype == tf.float32
    assert vectors.numpy().tolist() == WANTED
    (spec,) = preprocess.input_specs(SPEC)
    assert spec == InputSpec("features", "numeric", (9,), "float32")


def test_a_restored_one_does_the_same(preprocess):
    kept = json.loads(json.dumps(preprocess.to_json(), sort_keys=True))
    assert Preprocessing.from_json(kept)(ROWS).numpy().tolist() == WANTED


def test_one_feature_keeps_its_name():
    specs = (InputSpec("image", "image", (2, 3, 1), "float32"),)
    assert Flatten.of(specs).input_spec(specs).name == "image"
    assert Flatten.of(specs)({"image": tf.zeros((5, 2, 3, 1))}).shape == (5, 6)


def test_a_text_is_no_vector():
    with pytest.raises(UsageError, match="--flatten: note is a text"):
        Flatten.of((InputSpec("note", "tokens", (9,), "int32", 30),))
