"""Standardisation is fitted on train, restored exactly from JSON, and stable for odd columns."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data import preprocessing
from tfapp.data.sources.arrays import source_from_arrays


def fitted(*, pixels=False, **arrays):
    count = len(next(iter(arrays.values())))
    train = {**arrays, "label": np.arange(count) % 2}
    source = source_from_arrays("random", {"train": train}, label="label")
    return preprocessing.fit(source.spec, source.splits["train"], pixels=pixels)


def prepared(fit, **arrays):
    out = fit({name: tf.constant(array) for name, array in arrays.items()})
    return out.numpy() if isinstance(out, tf.Tensor) else {k: v.numpy() for k, v in out.items()}


def test_numbers_are_standardised_by_column():
    x = np.random.default_rng(0).normal(5, [1, 10, 1000], (500, 3)).astype("f4")
    out = prepared(fitted(x=x), x=x)
    assert out.dtype == np.float32
    assert out == pytest.approx((x - x.mean(0, "f8")) / x.std(0, "f8"), abs=1e-5)


def test_images_are_standardised_by_channel():
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), np.uint8)
    images[..., 1] //= 4
    out = prepared(fitted(image=images), image=images)
    assert out.mean((0, 1, 2)) == pytest.approx(np.zeros(3), abs=1e-5)
    assert out.std((0, 1, 2)) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.parametrize("low, high, dtype", [(30, 90, "u1"), (0, 1, "f4"), (-2, 6, "f4")])
def test_a_model_that_takes_pixels_gets_them_from_0_to_255(low, high, dtype):
    images = np.random.default_rng(0).uniform(low, high, (50, 4, 4, 3)).astype(dtype)
    out = prepared(fitted(pixels=True, image=images), image=images)
    if dtype == "u1":
        assert (out == images).all()
    else:
        assert (out.min(), out.max()) == pytest.approx((0, 255), abs=1e-3)


def test_a_constant_becomes_zero_and_not_nan():
    x = np.full((10, 2), 7.0, np.float32)
    x[:, 1] = np.arange(10)
    assert (prepared(fitted(x=x), x=x)[:, 0] == 0).all()


def test_a_large_offset_does_not_cancel():
    """Mean 1e6, standard deviation 1, several chunks: a sum of squares alone would lose it."""
    x = (1e6 + np.random.default_rng(0).normal(0, 1, (9000, 1))).astype("f4")
    fit = fitted(x=x)
    assert 1 / fit.transforms["x"].scale[0] == pytest.approx(x.std(dtype="f8"), rel=1e-6)


def test_several_features_come_out_by_name():
    out = prepared(fitted(a=np.arange(4.0), b=np.eye(4)), a=np.arange(4.0), b=np.eye(4))
    assert {name: value.shape for name, value in out.items()} == {"a": (4,), "b": (4, 4)}


def test_json_gives_back_the_same_bits():
    fit = fitted(x=np.random.default_rng(0).normal(size=(99, 5)).astype("f4") / 3)
    again = preprocessing.Preprocessing.from_json(json.loads(json.dumps(fit.to_json())))
    for name in ("mean", "scale"):
        mine, theirs = (getattr(f.transforms["x"], name) for f in (fit, again))
        assert theirs.dtype == np.float32
        assert np.array_equal(mine, theirs)
