"""The models of tables use every column, and compute what their papers say."""

import keras
import numpy as np
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.models.dcn_v2 import Cross
from tfapp.models.ft_transformer import Block
from tfapp.models.layers.columns import LinearColumns
from tfapp.models.weight_decay import decayed_weights
from tfapp.spec import InputSpec

AGE = InputSpec("age", "numeric", (), "float32", edges=((-1.0, 0.0, 3.0),))
SIZE = InputSpec("size", "numeric", (2,), "float32", edges=((0.0, 1.0), ()))
DAY = InputSpec("day", "numeric", (7,), "float32")
TOWN = InputSpec("town", "ids", (), "int32", 5)
STREET = InputSpec("street", "ids", (), "int32", 500)
SMALL = {
    "ft_transformer": {"width": 8, "heads": 2, "depth": 2},
    "wide_deep": {"hidden": (8,), "category_width": 4},
    "dcn_v2": {"hidden": (8,), "cross_layers": 1},
    "linear": {},
}


def build(name, inputs, **arguments):
    keras.utils.set_random_seed(0)
    return build_model(name, {**SMALL[name], **arguments}, outputs=3, inputs=inputs)


def randomize(model):
    """Gives weights that start at zero values of their own."""
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * random.normal(size=variable.shape))


@pytest.mark.parametrize("name", SMALL)
def test_uses_every_column(name, tokens, make_ids):
    model = build(name, (AGE, SIZE, DAY, TOWN, STREET, tokens))
    row = {"age": np.zeros(1, "f4"), "size": np.zeros((1, 2), "f4"),
           "day": np.zeros((1, 7), "f4"), "town": np.ones(1, "i4"),
           "street": np.ones(1, "i4"), "text": make_ids(1) - 1}  # fmt: skip
    model(row)
    randomize(model)
    base = model(row).numpy()
    assert base.shape == (1, 3)
    for column, value in row.items():
        other = {**row, column: (value + 1).astype(value.dtype)}
        assert np.abs(model(other) - base).max() > 1e-6, column


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("inputs", [(AGE,), (DAY,), (TOWN,)], ids=lambda specs: specs[0].name)
def test_one_column_is_enough(name, inputs):
    values = np.zeros((2, *inputs[0].shape), inputs[0].dtype)
    assert build(name, inputs)(values).shape == (2, 3)


def test_linear_is_a_product_with_one_hot_categories():
    """Against the matrices themselves, crosses included; a category that train lacks adds 0."""
    layer = LinearColumns((AGE, TOWN, InputSpec("kind", "ids", (), "int32", 3)), 2, crosses=5)
    row = {"age": np.array([0.5, 2, 1], "f4"), "town": np.array([4, 1, 0]),
           "kind": np.array([2, 0, 1])}  # fmt: skip
    assert not layer(row).numpy().any()
    randomize(layer)
    towns, kinds, pairs = np.split(layer.rows.embeddings.numpy(), [5, 8])
    expected = row["age"][:, None] * layer.numbers.kernel.numpy() + layer.bias.numpy()
    expected[0] += towns[4] + kinds[2] + pairs[4 * 3 + 2]
    expected[1] += towns[1]
    expected[2] += kinds[1]
    assert layer(row).numpy() == pytest.approx(expected, abs=1e-6)


def test_of_many_pairs_of_categories_the_smallest_are_crossed():
    sizes = {"a": 9, "b": 5, "c": 2000}
    ids = [InputSpec(name, "ids", (), "int32", size) for name, size in sizes.items()]

    def count(**given):
        return LinearColumns(ids, 1, **given).rows.input_dim

    assert count() == 2014
    assert count(crosses=1) == 2014 + 45
    assert count(crosses=3) == 2014 + 45 + 10_000
    assert count(crosses=3, most_pairs=100_000) == 2014 + 45 + 10_000 + 18_000


def test_a_cross_layer_multiplies_by_its_first_input():
    """arXiv:2008.13535, equations 1 and 2."""
    first, x = np.random.default_rng(0).normal(size=(2, 4, 6)).astype("f4")
    full, low = Cross(), Cross(rank=2)
    for layer in (full, low):
        layer(first, x)
        randomize(layer)
    bias = full.widen.bias.numpy()
    assert full(first, x).numpy() == pytest.approx(
        first * (x @ full.widen.kernel.numpy() + bias) + x, abs=1e-5
    )
    product = low.narrow.kernel.numpy() @ low.widen.kernel.numpy()
    assert np.linalg.matrix_rank(product) == 2
    assert low(first, x).numpy() == pytest.approx(
        first * (x @ product + low.widen.bias.numpy()) + x, abs=1e-5
    )


def test_the_deep_network_of_dcn_v2_sees_columns_or_their_crosses():
    stacked, parallel = (
        build("dcn_v2", (DAY,), structure=name) for name in ("stacked", "parallel")
    )
    for model in (stacked, parallel):
        model(np.zeros((1, 7), "f4"))
    assert stacked.logits.kernel.shape == (8, 3)
    assert parallel.logits.kernel.shape == (7 + 8, 3)


def test_of_a_last_block_the_first_token_is_what_all_of_it_gives():
    block = Block(8, 2, 11, rates=(0.0, 0.0, 0.0), normalize_first=True)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("f4")
    whole, first = block(x), block(x, only_first=True)
    assert first.numpy() == pytest.approx(whole.numpy()[:, :1], abs=1e-5)


def test_attention_is_that_of_keras():
    block = Block(8, 2, 11, rates=(0.0, 0.0, 0.0), normalize_first=False)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("f4")
    block(x)
    randomize(block)
    theirs = keras.layers.MultiHeadAttention(2, 4)
    theirs(x, x)
    keys_values, both = (np.split(v.numpy(), 2, -1) for v in block.keys_values.weights)
    inner = [block.queries.weights, (keys_values[0], both[0]), (keys_values[1], both[1])]
    weights = [np.reshape(v, (*v.shape[:-1], 2, 4)) for pair in inner for v in pair]
    kernel, bias = block.merge.weights
    theirs.set_weights([*weights, np.reshape(kernel, (2, 4, 8)), bias])
    assert block._attend(x, x, False).numpy() == pytest.approx(theirs(x, x).numpy(), abs=1e-5)


def test_neither_tokenizer_nor_normalisation_nor_biases_decay():
    """arXiv:2106.11959, appendix E."""
    model = build("ft_transformer", (AGE, TOWN))
    model({"age": np.ones(1, "f4"), "town": np.ones(1, "i4")})
    decayed = decayed_weights(model)
    assert {v.name for v in decayed} == {"kernel"}
    assert len(decayed) == 2 * 5 + 1
    inner = {id(v) for v in model.tokenizer.trainable_variables}
    assert not inner & {id(v) for v in decayed}


@pytest.mark.parametrize(
    "name, flag",
    [
        ("ft_transformer", {"width": 9}),
        ("ft_transformer", {"depth": 0}),
        ("dcn_v2", {"structure": "both"}),
    ],
    ids=str,
)
def test_a_size_that_cannot_be_is_refused(name, flag):
    with pytest.raises(UsageError, match=f"--model={name}: {next(iter(flag))}="):
        build(name, (AGE,), **flag)
