"""--model=auto by the kind of data; what the models for tables and texts look at."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp.models import build_model
from tfapp.models.auto import choose_model
from tfapp.spec import InputSpec, LabelSpec

CLASSES = LabelSpec("y", "class", 3, ("a", "b", "c"))
TOKENS = InputSpec("text", "tokens", (12,), "int32", 30)
TOWN = InputSpec("town", "ids", (), "int32", 5)
SIZE = InputSpec("size", "numeric", (2,), "float32")
AGE = InputSpec("age", "numeric", (), "float32")


def image(side):
    return InputSpec("image", "image", (side, side + 9, 3), "float32")


@pytest.mark.parametrize(
    "inputs, label, name",
    [
        ([image(8)], CLASSES, "mlp"),
        ([image(28)], CLASSES, "cnn"),
        ([image(65)], CLASSES, "smallcnn"),
        ([InputSpec("x", "numeric", (20,), "float32")], CLASSES, "mlp"),
        ([AGE, TOWN], CLASSES, "tabular"),
        ([AGE], LabelSpec("y", "real"), "tabular"),
        ([TOKENS], CLASSES, "text_encoder"),
        ([TOKENS, AGE], CLASSES, "tabular"),
        ([TOKENS], LabelSpec("next", "tokens", 30, shape=(12,)), "causal_transformer"),
    ],
)
def test_each_kind_of_data_has_a_model(inputs, label, name):
    chosen, reason = choose_model(inputs, label)
    assert (chosen, bool(reason)) == (name, True)
    build_model(chosen, (), label.num_outputs, tuple(inputs))


def test_digits_keep_the_seed_network():
    assert tfapp.Config().model == "mlp"
    assert tfapp.Config(dataset="mnist").model == "auto"


def ids(rows):
    return np.random.default_rng(0).integers(1, 30, (rows, 12)).astype("i4")


def test_a_transformer_does_not_see_what_comes_later():
    keras.utils.set_random_seed(0)
    model = build_model("causal_transformer", ("width=16", "depth=2", "heads=2"), 30, (TOKENS,))
    before, after = ids(2), ids(2)
    after[:, 7:] = (after[:, 7:] + 3) % 29 + 1
    a, b = model(before).numpy(), model(after).numpy()
    assert a.shape == (2, 12, 30)
    assert a[:, :7] == pytest.approx(b[:, :7], abs=1e-6)
    assert np.abs(a[:, 7:] - b[:, 7:]).max() > 1e-4


def test_a_transformer_knows_positions():
    keras.utils.set_random_seed(0)
    model = build_model("causal_transformer", ("width=16", "depth=2", "heads=2"), 30, (TOKENS,))
    straight = np.array([[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]], "i4")
    swapped = straight.copy()
    swapped[0, :2] = [4, 3]
    assert np.abs(model(straight)[0, -1] - model(swapped)[0, -1]).max() > 1e-6


def test_an_encoder_does_not_see_the_padding():
    keras.utils.set_random_seed(0)
    model = build_model("text_encoder", ("width=16", "filters=8"), 3, (TOKENS,))
    short = ids(2)
    short[:, 5:] = 0
    longer = build_model("text_encoder", ("width=16", "filters=8"), 3, (TOKENS,))
    longer(tf.constant(np.pad(short, ((0, 0), (0, 8)))))
    out = model(short).numpy()
    longer.set_weights(model.get_weights())
    assert longer(np.pad(short, ((0, 0), (0, 8)))).numpy() == pytest.approx(out, abs=1e-6)
    assert np.isfinite(model(np.zeros((1, 12), "i4"))).all()


def test_a_tabular_model_uses_every_column():
    keras.utils.set_random_seed(0)
    specs = (AGE, SIZE, TOWN, TOKENS)
    model = build_model("tabular", (), 3, specs)
    row = {"age": np.zeros(1, "f4"), "size": np.zeros((1, 2), "f4"),
           "town": np.zeros(1, "i4"), "text": ids(1)}  # fmt: skip
    base = model(row).numpy()
    for name, value in row.items():
        other = {**row, name: (value + 1).astype(value.dtype)}
        assert np.abs(model(other) - base).max() > 1e-6, name


@pytest.mark.parametrize("name", ["text_encoder", "causal_transformer"])
def test_a_model_of_texts_refuses_numbers(name):
    with pytest.raises(tfapp.TfappError, match=f"--model={name}: takes"):
        build_model(name, (), 3, (SIZE,))
