"""The tabular model uses every column, of any kind."""

import keras
import numpy as np
import pytest

from tfapp.models import build_model
from tfapp.spec import InputSpec

AGE = InputSpec("age", "numeric", (), "float32")
SIZE = InputSpec("size", "numeric", (2,), "float32")
TOWN = InputSpec("town", "ids", (), "int32", 5)


def test_uses_every_column(tokens, make_ids):
    keras.utils.set_random_seed(0)
    model = build_model("tabular", {}, outputs=3, inputs=(AGE, SIZE, TOWN, tokens))
    row = {"age": np.zeros(1, "f4"), "size": np.zeros((1, 2), "f4"),
           "town": np.zeros(1, "i4"), "text": make_ids(1)}  # fmt: skip
    base = model(row).numpy()
    for name, value in row.items():
        other = {**row, name: (value + 1).astype(value.dtype)}
        assert np.abs(model(other) - base).max() > 1e-6, name


@pytest.mark.parametrize("frequencies", [0, 2])
def test_one_column_goes_in_with_or_without_frequencies(frequencies):
    arguments = {"hidden": 4, "depth": 1, "frequencies": frequencies}
    model = build_model("tabular", arguments, outputs=2, inputs=(AGE,))
    assert model(np.zeros(3, "f4")).shape == (3, 2)
    assert (model.numbers is None) == (frequencies == 0)
