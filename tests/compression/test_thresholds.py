"""Thresholds by bisection are those that sorting gives."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.compression.thresholds import scores, thresholds


def pruned(arrays, each, of_all, masks=None, *, jit=False):
    """For each array, where it is pruned."""

    def compute():
        kept = masks or [np.ones(a.shape, bool) for a in arrays]
        parts = [scores(tf.constant(a), tf.constant(m)) for a, m in zip(arrays, kept, strict=True)]
        limits = thresholds(parts, tf.constant(each, tf.int64), tf.constant(of_all, tf.int64))
        return [part <= limit for part, limit in zip(parts, tf.unstack(limits), strict=True)]

    return [found.numpy() for found in tf.function(compute, jit_compile=jit)()]


@pytest.mark.parametrize("jit", [False, True], ids=["kernels", "xla"])
def test_exactly_the_smallest_of_all_are_found(jit):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(30, 20)).astype("f"), rng.normal(size=400).astype("f") * 3]
    found = np.concatenate([f.ravel() for f in pruned(arrays, [600, 400], 777, jit=jit)])
    magnitudes = np.abs(np.concatenate([a.ravel() for a in arrays]))
    assert found.sum() == 777
    assert magnitudes[found].max() < magnitudes[~found].min()


def test_a_kernel_gives_no_more_than_its_own_limit():
    small, large = np.full(100, 1e-6, "f") * np.arange(1, 101), np.arange(1, 101, dtype="f")
    found = pruned([small.astype("f"), large], [90, 90], 100)
    assert [f.sum() for f in found] == [90, 0]


def test_what_is_pruned_already_counts_first():
    weights, mask = np.arange(1, 11, dtype="f"), np.arange(10) % 2 == 0
    (found,) = pruned([weights], [10], 7, [mask])
    assert found.tolist() == [True, True, True, True, False, True, False, True, False, True]


def test_equal_weights_are_kept_rather_than_pruned_together():
    assert pruned([np.zeros(8, "f"), np.ones(8, "f")], [7, 7], 5)[0].sum() == 0
    assert pruned([np.zeros(8, "f"), np.ones(8, "f")], [8, 8], 8)[0].sum() == 8


def test_nothing_and_everything():
    weights = np.array([-np.inf, 2.0, -0.0, 1e-40], "f")
    assert pruned([weights], [4], 0)[0].sum() == 0
    assert pruned([weights], [4], 4)[0].all()
