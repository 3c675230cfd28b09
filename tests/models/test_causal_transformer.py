"""The transformer uses what comes before a token, and its order, but nothing that comes later."""

import keras
import numpy as np
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.spec import InputSpec


@pytest.fixture
def model(tokens):
    keras.utils.set_random_seed(0)
    arguments = {"width": 16, "depth": 2, "heads": 2}
    return build_model("causal_transformer", arguments, outputs=30, inputs=(tokens,))


def test_does_not_see_what_comes_later(model, make_ids):
    before, after = make_ids(2), make_ids(2)
    after[:, 7:] = (after[:, 7:] + 3) % 29 + 1
    a, b = model(before).numpy(), model(after).numpy()
    assert a.shape == (2, 12, 30)
    assert a[:, :7] == pytest.approx(b[:, :7], abs=1e-6)
    assert np.abs(a[:, 7:] - b[:, 7:]).max() > 1e-4


def test_knows_positions(model):
    straight = np.array([[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]], "i4")
    swapped = straight.copy()
    swapped[0, :2] = [4, 3]
    assert np.abs(model(straight)[0, -1] - model(swapped)[0, -1]).max() > 1e-6


def test_refuses_numbers():
    size = InputSpec("size", "numeric", (2,), "float32")
    with pytest.raises(UsageError, match="--model=causal_transformer: takes tokens, but size is"):
        build_model("causal_transformer", {}, outputs=3, inputs=(size,))


def test_refuses_a_width_that_does_not_divide(tokens):
    with pytest.raises(UsageError, match="width=10: must be a multiple of 2 \\* heads=8"):
        build_model("causal_transformer", {"width": 10}, outputs=3, inputs=(tokens,))
