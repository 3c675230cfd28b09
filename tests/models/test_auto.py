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
        ([image(28)], CLASSES, "convnet"),
        ([image(65)], CLASSES, "smallcnn"),
        ([InputSpec("x", "numeric", (20,), "float32")], CLASSES, "mlp"),
        ([AGE, TOWN], CLASSES, "tabm"),
        ([AGE], LabelSpec("y", "real"), "tabm"),
        ([TOKENS], CLASSES, "text_ensemble"),
        ([TOKENS, AGE], CLASSES, "tabm"),
        ([TOKENS], LabelSpec("next", "tokens", 30, shape=(12,)), "gpt"),
    ],
)
def test_each_kind_of_data_has_a_model(inputs, label, name):
    chosen, reason = choose_model(inputs, label, 30_000)
    assert (chosen, bool(reason)) == (name, True)
    build_model(chosen, {}, outputs=label.num_outputs, inputs=tuple(inputs))


def test_digits_keep_the_seed_network():
    assert tfapp.Config().model == "mlp"
    assert tfapp.Config(dataset="mnist").model == "auto"


def test_a_run_that_does_not_say_what_was_chosen_keeps_what_was_chosen_then():
    next_token = LabelSpec("next", "tokens", 30, shape=(12,))
    for inputs, label, name in (
        ([AGE], CLASSES, "tabular"),
        ([TOKENS], CLASSES, "text_encoder"),
        ([TOKENS], next_token, "causal_transformer"),
        ([image(28)], CLASSES, "cnn"),
        ([image(99)], CLASSES, "smallcnn"),
    ):
        chosen, _ = choose_model(inputs, label, 30_000, on_gpu=True, unrecorded=True)
        assert chosen == name


def test_many_photographs_on_a_gpu_get_a_larger_network():
    def chosen(examples, on_gpu):
        return choose_model([image(99)], CLASSES, examples, on_gpu=on_gpu)[0]

    assert (chosen(20_000, True), chosen(19_999, True)) == ("resnet18", "smallcnn")
    assert chosen(10**6, False) == "smallcnn"
