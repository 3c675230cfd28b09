"""TabM uses every column, embeds numbers as the papers say, and gives one output a member."""

import keras
import numpy as np
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.models.layers.members import Adapters
from tfapp.models.layers.numbers import PiecewiseLinearNumbers
from tfapp.models.weight_decay import decayed_weights
from tfapp.spec import InputSpec

EDGES = (-1.0, 0.0, 0.5, 3.0)
AGE = InputSpec("age", "numeric", (), "float32", edges=(EDGES,))
SIZE = InputSpec("size", "numeric", (2,), "float32", edges=((0.0, 1.0), ()))
DAY = InputSpec("day", "numeric", (7,), "float32")
TOWN = InputSpec("town", "ids", (), "int32", 5)
STREET = InputSpec("street", "ids", (), "int32", 500)
SMALL = {"members": 4, "width": 8, "depth": 1}


def build(inputs, **arguments):
    keras.utils.set_random_seed(0)
    return build_model("tabm", {**SMALL, **arguments}, outputs=3, inputs=inputs)


@pytest.mark.parametrize("numbers", ["piecewise_linear", "periodic", "none"])
def test_uses_every_column(numbers, tokens, make_ids):
    model = build((AGE, SIZE, DAY, TOWN, STREET, tokens), numbers=numbers)
    row = {"age": np.zeros(1, "f4"), "size": np.zeros((1, 2), "f4"),
           "day": np.zeros((1, 7), "f4"), "town": np.zeros(1, "i4"),
           "street": np.zeros(1, "i4"), "text": make_ids(1)}  # fmt: skip
    base = model(row).numpy()
    assert base.shape == (1, 4, 3)
    for name, value in row.items():
        other = {**row, name: (value + 1).astype(value.dtype)}
        assert np.abs(model(other) - base).max() > 1e-6, name


def test_a_category_that_train_does_not_have_adds_nothing():
    model = build((AGE, TOWN))
    row = {"age": np.ones(1, "f4"), "town": np.zeros(1, "i4")}
    base = model(row).numpy()
    kernel = model.hidden[0].kernel
    kernel.assign(keras.ops.concatenate([kernel[:-4], 9.0 + kernel[-4:]]))
    assert model(row).numpy() == pytest.approx(base)


@pytest.mark.parametrize("inputs", [(AGE,), (DAY,), (TOWN,)], ids=lambda specs: specs[0].name)
def test_one_column_is_enough(inputs):
    values = np.zeros((2, *inputs[0].shape), inputs[0].dtype)
    assert build(inputs)(values).shape == (2, 4, 3)


def test_members_differ():
    outputs = build((AGE, TOWN))({"age": np.ones(1, "f4"), "town": np.ones(1, "i4")}).numpy()
    assert len(np.unique(outputs[0, :, 0])) == 4


def test_the_linear_part_starts_at_zero_and_is_seen_by_all_members():
    model = build((AGE,))
    x = np.linspace(-1, 1, 5, dtype="f4")
    base = model(x).numpy()
    model.linear.bias.assign([1.0, 2.0, 3.0])
    assert model(x).numpy() - base == pytest.approx(np.tile([1.0, 2.0, 3.0], (5, 4, 1)), abs=1e-5)
    assert not model.linear.kernel.numpy().any()
    assert build((AGE,), linear=False).linear is None


def test_a_bins_place_is_the_share_of_it_that_lies_below():
    """arXiv:2203.05556, equation 1, with the ends closed."""
    layer = PiecewiseLinearNumbers([EDGES, (0.0, 2.0)], 3)
    layer.build(None)
    layer.slope.assign(np.zeros((2, 3)))
    layer.offset.assign(np.zeros((2, 3)))
    layer.bins.assign(np.eye(3)[None].repeat(2, 0))
    x = np.array([[-5, 0.5], [-0.25, 1], [0.25, 2], [99, -1]], "f4")
    first = [[0, 0, 0], [0.75, 0, 0], [1, 0.5, 0], [1, 1, 1]]
    second = [[0.25, 0, 0], [0.5, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert layer(x).numpy() == pytest.approx(np.stack([first, second], axis=1))


def test_a_member_starts_with_one_factor_for_all_of_a_column():
    keras.utils.set_random_seed(0)
    for initial in ("normal", "signs"):
        layer = Adapters(2, [3, 1, 2], initial)
        layer.build((None, 6))
        factors = layer.factors.numpy()
        assert (factors[:, :3] == factors[:, :1]).all() and (
            factors[:, 4:5] == factors[:, 5:]
        ).all()
        assert factors[0, 0] != factors[0, 3] or initial == "signs"
    assert set(np.unique(factors)) <= {-1.0, 1.0}


def test_kernels_decay_and_biases_and_adapters_do_not():
    model = build((AGE, TOWN))
    model({"age": np.ones(1, "f4"), "town": np.ones(1, "i4")})
    left = {id(v) for v in decayed_weights(model)}
    assert {v.name for v in model.trainable_variables if id(v) not in left} == {
        "offset", "factors", "bias",
    }  # fmt: skip


@pytest.mark.parametrize("flag", [{"numbers": "fourier"}, {"adapters": "ones"}], ids=str)
def test_an_unknown_part_is_refused(flag):
    with pytest.raises(UsageError, match=f"--model=tabm: {next(iter(flag))}="):
        build((AGE,), **flag)


def test_a_linear_model_apart_has_the_weight_that_it_is_given():
    model = build((AGE, TOWN), apart=0.5)
    row = {"age": np.ones(2, "f4"), "town": np.ones(2, "i4")}
    before = model(row).numpy()
    assert before.shape == (2, 8, 3)
    assert model.members == 8
    assert before[:, 4:] == pytest.approx(0.0)
    model.linear.bias.assign(keras.ops.ones(3))
    after = model(row).numpy()
    assert after[:, :4] == pytest.approx(before[:, :4])
    assert after[:, 4:] == pytest.approx(15.0)
    assert build((AGE, TOWN), apart=0.2).members == 5
    for wrong in ({"apart": 0.5, "linear": False}, {"apart": 1.0}, {"apart": -0.1}):
        with pytest.raises(UsageError, match=r"apart=.*: must be at least 0 and below 1"):
            build((AGE,), **wrong)
