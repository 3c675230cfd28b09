"""The global order is a function of (seed, step), the same in every engine and on every replica."""

import functools
import math

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.pipeline import choose, order

SIZES = [1, 2, 3, 4, 5, 7, 8, 13, 31, 97, 100, 101, 127, 256, 1009, 1294, 4096, 10007]
MASK = 0xFFFFFFFF


@functools.cache
def _compiled(size):
    return tf.function(lambda key: order.permute(tf.range(size, dtype=tf.int64), size, key))


def permutation(size, seed=0, epoch=0):
    return _compiled(size)(order.epoch_key(seed, epoch)).numpy()


@pytest.mark.parametrize("size", SIZES)
def test_an_epoch_visits_every_example_once(size):
    for seed in (0, 1, 2**31 - 1):
        assert np.array_equal(np.sort(permutation(size, seed, 3)), np.arange(size))


def test_epochs_and_seeds_differ():
    orders = {tuple(permutation(1294, s, e)) for s in (0, 1) for e in (0, 1, 2, 10**6)}
    assert len(orders) == 8
    agreement = np.mean(permutation(1294, 0, 0) == permutation(1294, 0, 1))
    assert agreement < 0.01  # two independent orders agree in one place of 1294 on average


def test_every_place_is_equally_likely():
    """Chi-square of example x position over many epochs, against the exact expectation."""
    size, epochs = 17, 3400
    keys = order.epoch_key(5, tf.range(epochs, dtype=tf.int64))[:, None]
    positions = tf.tile(tf.range(size, dtype=tf.int64)[None], [epochs, 1])
    orders = order.permute(positions, size, keys).numpy()
    assert orders[77].tolist() == permutation(size, seed=5, epoch=77).tolist()
    counts = np.stack([np.bincount(orders[:, place], minlength=size) for place in range(size)])
    expected = epochs / size
    statistic = np.square(counts - expected).sum() / expected
    freedom = (size - 1) ** 2
    # Rows and columns sum to `epochs`, so the statistic is about chi-square with (size-1)^2
    # degrees of freedom, with standard deviation sqrt(2 * freedom). It is deterministic: no flakes.
    assert abs(statistic - freedom) < 4 * math.sqrt(2 * freedom)


def test_neighbours_are_spread():
    """Neighbouring positions get examples as far apart as at random: size / 3 on average."""
    size = 4096
    distances = np.abs(np.diff(permutation(size, seed=3)))
    assert np.mean(distances) == pytest.approx(size / 3, rel=0.05)


def _reference_mix(x):
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & MASK
    return x ^ (x >> 16)


def _reference_order(size, seed, epoch):
    """The Feistel network of order.py, in Python integers, one position at a time."""
    key = _reference_mix((_reference_mix((seed + 1) & MASK) ^ (epoch * 0x9E3779B9)) & MASK)
    rows = math.isqrt(max(size - 1, 0)) + 1
    columns = -(-size // rows)
    round_keys = [_reference_mix((key + (r + 1) * 0x9E3779B9) & MASK) for r in range(6)]

    def encrypt(x):
        row, column = divmod(x, columns)
        for r, round_key in enumerate(round_keys):
            if r % 2 == 0:
                row = (row + (_reference_mix(column ^ round_key) * rows >> 32)) % rows
            else:
                column = (column + (_reference_mix(row ^ round_key) * columns >> 32)) % columns
        return row * columns + column

    images = []
    for position in range(size):
        x = encrypt(position)
        while x >= size:
            x = encrypt(x)
        images.append(x)
    return images


@pytest.mark.parametrize("size", [1, 2, 3, 97, 1294])
@pytest.mark.parametrize("seed, epoch", [(0, 0), (12345, 7), (2**31 - 1, 123456)])
def test_equals_an_independent_reference(size, seed, epoch):
    assert permutation(size, seed, epoch).tolist() == _reference_order(size, seed, epoch)


def test_xla_computes_the_same():
    positions = tf.range(1294, dtype=tf.int64)
    jitted = tf.function(lambda key: order.permute(positions, 1294, key), jit_compile=True)
    assert np.array_equal(jitted(order.epoch_key(9, 4)), permutation(1294, 9, 4))


def test_leftover_examples_change_from_epoch_to_epoch():
    settings = {"num_examples": 103, "batch_size": 10, "seed": 1}
    steps = tf.function(lambda step: order.batch_indices(step, **settings))
    seen = [set(), set()]
    for step in range(20):
        seen[step // 10].update(steps(tf.constant(step, tf.int64)).numpy().tolist())
    assert [len(epoch) for epoch in seen] == [100, 100]
    assert seen[0] != seen[1]


@pytest.mark.parametrize("replicas", [2, 3, 6])
def test_slices_of_replicas_make_up_the_global_batch(replicas):
    settings = {"num_examples": 1294, "batch_size": 36, "seed": 4}
    share = 36 // replicas
    for step in (0, 35, 36, 1000):
        whole = order.batch_indices(step, **settings).numpy()
        parts = [
            order.batch_indices(step, first=r * share, count=share, **settings).numpy()
            for r in range(replicas)
        ]
        assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("replicas", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_engines_give_identical_batches_from_any_step(make_experiment, replicas):
    built = make_experiment(logical_devices=replicas)
    split = built.data.source.splits["train"]
    settings = {"strategy": built.strategy, "batch_size": 32, "seed": 0}
    engines = [
        choose.build(choose.EngineChoice(name, ""), split, **settings)
        for name in ("resident", "stream")
    ]
    for first in (0, 39, 12345):
        batches = [_batches(e, built.strategy, first) for e in engines]
        for step, (resident, stream) in enumerate(zip(*batches, strict=True), first):
            indices = order.batch_indices(step, num_examples=1294, batch_size=32, seed=0).numpy()
            for name, array in split.arrays().items():
                assert np.array_equal(resident[name], array[indices])
                assert np.array_equal(stream[name], array[indices])


def _batches(engine_, strategy, first, count=2):
    """The global batches of `count` steps from `first` on, replicas joined."""
    engine_.restart(first)
    batches = []
    for step in range(first, first + count):
        pulled = engine_.pull(engine_.inputs, tf.constant(step, tf.int64))

        def on_replica(pulled):
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            return engine_.batch(pulled, tf.get_static_value(replica))

        if strategy.num_replicas_in_sync == 1:
            parts = [engine_.batch(pulled, 0)]
        else:
            local = strategy.run(on_replica, args=(pulled,))
            values = {k: strategy.experimental_local_results(v) for k, v in local.items()}
            replicas = range(strategy.num_replicas_in_sync)
            parts = [{k: v[r] for k, v in values.items()} for r in replicas]
        batches.append({k: np.concatenate([p[k] for p in parts]) for k in parts[0]})
    return batches
