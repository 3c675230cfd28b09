"""One generator for XLA and kernels: the same numbers, uniform, and independent between seeds."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.runtime import counter_random

SEED = [7, -3]
FUNCTIONS = {
    "words": lambda seed: counter_random.words(seed, 1001),
    "mask": lambda seed: counter_random.keep_mask(seed, [7, 143], 0.3)[0],
    "uniform": lambda seed: counter_random.uniform(seed, [7, 143]),
    "bfloat16": lambda seed: counter_random.uniform(seed, [1001], "bfloat16"),
    "integers": lambda seed: counter_random.integers(seed, [1001], -3, 9),
    "normal": lambda seed: counter_random.normal(seed, [1001]),
    "truncated": lambda seed: counter_random.truncated_normal(seed, [1001]),
    "gamma": lambda seed: counter_random.gamma(seed, tf.linspace(0.1, 9.0, 1001)),
    "binomial": lambda seed: counter_random.binomial(
        seed, tf.fill([1001], 9.0), tf.fill([1001], 0.3)
    ),
    "categorical": lambda seed: counter_random.categorical(seed, tf.math.log([[0.2, 0.8]]), 1001),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_xla_and_kernels_draw_the_same(name):
    function, seed = FUNCTIONS[name], tf.constant(SEED)
    kernels = np.asarray(tf.function(function, autograph=False)(seed), "f8")
    program = np.asarray(tf.function(function, jit_compile=True, autograph=False)(seed), "f8")
    if name in ("normal", "truncated", "gamma"):  # logarithms and the like differ in the last bits
        np.testing.assert_allclose(program, kernels, rtol=1e-4, atol=1e-5)
    else:
        assert np.array_equal(program, kernels)


def stream(*seed, count=8192):
    return np.asarray(counter_random.words(tf.constant(seed), count))


def test_bits_are_fair_and_streams_are_independent():
    """Of neighbouring seeds, and of one stream against itself further on."""
    drawn = np.stack([stream(a, b) for a in range(6) for b in range(6)])
    bits = (drawn[:, :, None] >> np.arange(32)) & 1
    assert np.abs(bits.mean((0, 1)) - 0.5).max() < 0.005
    centred = drawn / 2**32 - 0.5
    between = np.corrcoef(centred) - np.eye(len(drawn))
    assert np.abs(between).max() < 0.06  # 5 standard deviations
    for lag in (1, 2, 3, 64, 1024):
        assert abs(12 * (centred[:, lag:] * centred[:, :-lag]).mean()) < 0.01
    assert len(set(drawn[0].tolist()).intersection(drawn[1].tolist())) < 10


def test_a_mask_keeps_its_share():
    mask, scale = counter_random.keep_mask(tf.constant(SEED), [1000, 1001], 0.3)
    assert np.asarray(mask).mean() == pytest.approx(0.7, abs=0.002)
    assert scale == pytest.approx(1 / 0.7, rel=1e-4)
    assert np.asarray(mask).mean(0) == pytest.approx(0.7, abs=0.1)


def test_normal_numbers_have_their_moments():
    x = np.asarray(counter_random.normal(tf.constant(SEED), [200_001]))
    moments = [x.mean(), x.var(), (x**3).mean(), (x**4).mean()]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.06)
    cut = np.asarray(counter_random.truncated_normal(tf.constant(SEED), [200_001]))
    assert np.abs(cut).max() <= 2
    assert [cut.mean(), cut.std()] == pytest.approx([0, 0.8796], abs=0.01)


def test_classes_have_their_probabilities():
    logits = tf.math.log([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    drawn = np.asarray(counter_random.categorical(tf.constant(SEED), logits, 50_000))
    shares = [np.bincount(row, minlength=3) / 50_000 for row in drawn]
    np.testing.assert_allclose(shares, [[0.1, 0.2, 0.7], [0.5, 0.5, 0]], atol=0.01)


@pytest.mark.parametrize("alpha", [0.2, 0.9, 1.0, 3.0, 50.0])
def test_gamma_numbers_have_their_moments_and_gradient(alpha):
    alphas = tf.fill([100_000], alpha)
    with tf.GradientTape() as tape:
        tape.watch(alphas)
        x = counter_random.gamma(tf.constant(SEED), alphas)
    slope = tape.gradient(x, alphas).numpy()  # the derivative of the mean, which is alpha, is 1
    x = np.asarray(x, "f8")
    assert x.min() > 0
    assert x.mean() == pytest.approx(alpha, rel=0.03)
    assert x.var() == pytest.approx(alpha, rel=0.06)
    assert ((x - alpha) ** 3).mean() == pytest.approx(2 * alpha, rel=0.25)
    assert slope.mean() == pytest.approx(1, rel=0.03)


def test_binomial_numbers_have_their_moments():
    counts = tf.constant([0.0, 1.0, 10.0, 40.0]) + tf.zeros((20_000, 1))
    x = np.asarray(counter_random.binomial(tf.constant(SEED), counts, 0.3 + 0 * counts))
    assert x.mean(0) == pytest.approx([0, 0.3, 3, 12], abs=0.08)
    assert x.var(0) == pytest.approx([0, 0.21, 2.1, 8.4], rel=0.06)
    assert (x.min(0) >= 0).all() and (x.max(0) <= [0, 1, 10, 40]).all()
