"""Pooling counts the tokens that are present and nothing else."""

import numpy as np
import pytest

from tfapp.models.layers import MaxPool, MeanPool

X = np.array([[[1, -4], [3, -2], [9, 9]], [[5, 5], [5, 5], [5, 5]]], "f4")
PRESENT = np.array([[True, True, False], [False, False, False]])


@pytest.mark.parametrize("layer, pooled", [(MeanPool(), [2, -3]), (MaxPool(), [3, -2])])
def test_padding_is_left_out_and_an_empty_text_gives_zeros(layer, pooled):
    np.testing.assert_array_equal(layer(X, PRESENT), [pooled, [0, 0]])
