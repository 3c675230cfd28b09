"""Inputs that the tests of several models share."""

import numpy as np
import pytest

from tfapp.spec import InputSpec


@pytest.fixture
def tokens():
    """The `InputSpec` of texts of 12 tokens from a vocabulary of 30."""
    return InputSpec("text", "tokens", (12,), "int32", 30)


@pytest.fixture
def make_ids():
    """A function that makes token ids of that spec: int32 [rows, 12], without padding."""
    return lambda rows: np.random.default_rng(0).integers(1, 30, (rows, 12)).astype("i4")
