"""What a user's data function may give: any names, and examples one at a time."""

import numpy as np
import pytest

from tfapp.data.sources.custom import open_object
from tfapp.data.sources.own_arrays import to_array
from tfapp.errors import DataError

X, Y = np.arange(120, dtype=np.float32).reshape(40, 3), np.arange(40) % 3


def opened(train):
    source = open_object(lambda: {"train": train}, dataset="own:data", label="", task="auto")
    return source.splits["train"].arrays()


def test_names_that_are_integers_become_text():
    arrays = opened({0: X, 1: X, "label": Y})
    assert set(arrays) == {"0", "1", "label"}


@pytest.mark.parametrize(
    "train",
    [
        (row for row in zip(X, Y, strict=True)),
        ({"x": x, "label": y} for x, y in zip(X, Y, strict=True)),
        (X, iter(Y)),
        {"x": map(list, X), "label": Y},
    ],
    ids=["pairs", "dicts", "labels", "features"],
)
def test_iterators_give_the_examples_one_at_a_time(train):
    arrays = opened(train)
    np.testing.assert_array_equal(arrays["x"], X)
    np.testing.assert_array_equal(arrays["label"], Y)


@pytest.mark.parametrize("value", [[np.ones(2), np.ones(3)], [[1], [1, 2]], [[[1], [1, 2]]]])
def test_ragged_examples_are_refused(value):
    with pytest.raises(DataError, match=r"here: .*example . .*pad or crop"):
        to_array("here", value)
    objects = np.empty(len(value), object)
    objects[:] = value
    with pytest.raises(DataError, match=r"here: .*example . .*pad or crop"):
        to_array("here", objects)


def test_words_are_no_ragged_examples():
    assert to_array("here", ["a", "bcd"]).tolist() == ["a", "bcd"]
    assert to_array("here", np.array(["a", "bcd"], object)).tolist() == ["a", "bcd"]
