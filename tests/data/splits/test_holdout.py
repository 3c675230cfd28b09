"""Splits that a source lacks are held out of train: by the seed, stratified by class."""

import itertools

import numpy as np
import pytest

from tfapp.data.sources.arrays import source_from_arrays
from tfapp.data.splits import holdout
from tfapp.data.splits.holdout import with_all_splits
from tfapp.errors import DataError


def source(labels, **splits):
    rows = np.arange(len(labels), dtype=np.float32)
    train = {"row": rows, "label": np.asarray(labels)}
    return source_from_arrays("random", {"train": train, **splits}, label="label")


def rows(source, name):
    return source.splits[name].arrays()["row"].astype(int).tolist()


def test_every_example_is_in_exactly_one_split():
    complete = with_all_splits(source(np.arange(103) % 3), fraction=0.1, seed=0)
    parts = [rows(complete, name) for name in ("train", "validation", "test")]
    assert sorted(itertools.chain(*parts)) == list(range(103))
    assert all(parts)


def test_the_seed_alone_decides():
    sources = [
        with_all_splits(source(np.arange(200) % 4), fraction=0.2, seed=seed) for seed in (0, 0, 1)
    ]
    tests = [rows(s, "test") for s in sources]
    assert tests[0] == tests[1] != tests[2]
    assert tests[0] != rows(sources[0], "validation")


def test_classes_keep_their_proportions():
    labels = np.repeat([0, 1, 2], [800, 150, 50])
    complete = with_all_splits(source(labels), fraction=0.1, seed=3)
    labels_held_out = complete.splits["test"].arrays()["label"]
    assert np.bincount(labels_held_out).tolist() == [80, 15, 5]


def test_small_classes_share_fairly():
    """Fifty classes of three: rounding each on its own would hold out nothing at all."""
    complete = with_all_splits(source(np.arange(150) % 50), fraction=0.1, seed=0)
    assert complete.splits["test"].num_examples == 15


def test_given_splits_stay():
    given = {"row": np.array([7, 8], np.float32), "label": np.array([0, 1])}
    complete = with_all_splits(source(np.arange(40) % 2, test=given), fraction=0.25, seed=0)
    assert rows(complete, "test") == [7, 8]
    assert complete.splits["validation"].num_examples == 10
    assert complete.splits["train"].num_examples == 30


def test_real_labels_are_held_out_too():
    complete = with_all_splits(source(np.linspace(0, 1, 50)), fraction=0.1, seed=0)
    assert [complete.splits[n].num_examples for n in ("train", "validation", "test")] == [40, 5, 5]


def test_too_few_examples():
    with pytest.raises(DataError, match="2 examples of train are too few to hold out"):
        with_all_splits(source([0, 1]), fraction=0.1, seed=0)


@pytest.mark.parametrize("quota", [(0, 1, 100, -1, 7), (60, 60, 60, 60, 60), (0, 0, 0, 0, 0)])
def test_the_ways_of_drawing_agree(quota):
    """One class at a time, and all in one sort."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 3000)
    words = random.integers(0, 2**64, 3000, dtype=np.uint64)
    counts = np.bincount(labels)
    quota = np.where(np.array(quota) < 0, counts - 1, quota)
    fast = holdout._lowest(labels, words, quota)
    assert np.array_equal(fast, holdout._first_of_order(labels, words, quota))
    assert np.array_equal(np.bincount(labels[fast], minlength=5), quota)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.8, 1.0])
def test_the_low_words_are_the_lowest(monkeypatch, share):
    """Words left out for speed cannot be drawn, and pieces form one stream."""
    words = np.random.Philox(key=np.array((3, 1), np.uint64)).random_raw(5000)
    monkeypatch.setattr(holdout, "_PIECE", 999)
    positions, low = holdout._low_words(5000, (3, 1), share)
    assert np.array_equal(low, words[positions])
    lowest = np.argsort(words)[: int(5000 * share)]
    assert set(lowest) <= set(positions.tolist())
    assert len(positions) == 5000 or share < 0.84


def test_a_class_with_too_few_low_words_keeps_its_proportion():
    """A hundred classes of twenty: some have too few low words."""
    complete = with_all_splits(source(np.arange(2000) % 100), fraction=0.05, seed=0)
    labels_held_out = complete.splits["test"].arrays()["label"]
    assert np.bincount(labels_held_out).tolist() == [1] * 100
