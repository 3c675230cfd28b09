"""Models by name: what a constructor is given, and what is refused before any data is read."""

import keras
import pytest

from tfapp.errors import UsageError
from tfapp.models import build_model, check_arguments, check_name
from tfapp.models.resnet_cifar import ResNetCifar
from tfapp.spec import InputSpec

IMAGE = (InputSpec("image", "image", (8, 8, 3), "float32"),)
OWN = "tests.models_for_tests"


def build(name, **arguments):
    return build_model(name, arguments, outputs=10, inputs=IMAGE)


def test_a_preset_gives_the_defaults_and_arguments_override_them():
    assert len(build("resnet32").blocks) == 15
    assert len(build("resnet32", blocks=1).blocks) == 3
    assert isinstance(build("resnet32"), ResNetCifar)


def test_outputs_and_inputs_go_to_a_constructor_that_takes_them():
    assert build(f"{OWN}:Dropping").head.units == 10
    assert build(f"{OWN}:Dropping", outputs=3).head.units == 3
    assert build(f"{OWN}:TakesAny", units=5).given == {"outputs": 10, "units": 5}


@pytest.mark.parametrize("name", ["mlp", "resnet110", f"{OWN}:Dropping"])
def test_a_known_name_is_accepted(name):
    check_name(name)


@pytest.mark.parametrize(
    "name, message",
    [
        ("smalcnn", "unknown; did you mean 'smallcnn'?"),
        (f"{OWN}:Droping", "has no 'Droping'; did you mean 'Dropping'?"),
        ("no_such_module:Net", "importing 'no_such_module' failed"),
        (f"{OWN}:__doc__", "is a str; a class, a function or a keras.Model is needed"),
    ],
)
def test_a_wrong_name_is_refused(name, message):
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert f"--model={name}: " in str(caught.value)
    assert message in str(caught.value)


def test_arguments_are_checked_by_name():
    check_arguments("mlp", {"hidden": 3, "activation": "gelu"})
    check_arguments(f"{OWN}:TakesAny", {"anything": 1})
    with pytest.raises(UsageError, match=r"--model_arg=hiden: mlp takes hidden, .*'hidden'"):
        check_arguments("mlp", {"hiden": 3})
    with pytest.raises(UsageError, match=r"--model_arg=x: .*:NoWeights takes no arguments"):
        check_arguments(f"{OWN}:NoWeights", {"x": 3})


def test_what_a_constructor_refuses_is_one_line():
    with pytest.raises(UsageError) as caught:
        build(f"{OWN}:Refusing", depth=0)
    message = f"--model={OWN}:Refusing: ValueError: depth=0: must be 1 or more second line ("
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("models_for_tests.py:65)")


def test_a_function_may_give_the_model_and_nothing_else():
    with pytest.raises(UsageError, match="gives a str, not a keras"):
        build(f"{OWN}:not_a_model")
    assert isinstance(build(f"{OWN}:made_by_a_function"), keras.Model)
