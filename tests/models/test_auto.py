"""--model=auto chooses by the kind of data."""

import pytest

import tfapp
from tfapp.models import build_model
from tfapp.models.auto import choose_model
from tfapp.spec import InputSpec, LabelSpec

CLASSES = LabelSpec("y", "class", 3, ("a", "b", "c"))
TOKENS = InputSpec("text", "tokens", (12,), "int32", 30)
TOWN = InputSpec("town", "ids", (), "int32", 5)
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
        ([AGE, TOWN], CLASSES, "tabm"),
        ([AGE], LabelSpec("y", "real"), "tabm"),
        ([TOKENS], CLASSES, "text_encoder"),
        ([TOKENS, AGE], CLASSES, "tabm"),
        ([TOKENS], LabelSpec("next", "tokens", 30, shape=(12,)), "gpt"),
    ],
)
def test_each_kind_of_data_has_a_model(inputs, label, name):
    chosen, reason = choose_model(inputs, label)
    assert (chosen, bool(reason)) == (name, True)
    build_model(chosen, {}, outputs=label.num_outputs, inputs=tuple(inputs))


def test_digits_keep_the_seed_network():
    assert tfapp.Config().model == "mlp"
    assert tfapp.Config(dataset="mnist").model == "auto"


def test_a_run_that_does_not_say_what_was_chosen_keeps_what_was_chosen_then():
    assert choose_model([AGE], CLASSES, unrecorded=True)[0] == "tabular"
    assert choose_model([TOKENS], CLASSES, unrecorded=True)[0] == "text_encoder"
    next_token = LabelSpec("next", "tokens", 30, shape=(12,))
    assert choose_model([TOKENS], next_token, unrecorded=True)[0] == "causal_transformer"
