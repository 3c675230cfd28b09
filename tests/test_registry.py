"""Registered names, suggestions, and users' own objects."""

import pytest

from tfapp.errors import UsageError
from tfapp.registry import Registry, load_object, suggest


@pytest.fixture
def registry():
    return Registry("model", {"mlp": "tfapp.models.mlp:Net", "cnn": "nowhere:Net"})


def test_an_object_is_loaded_when_it_is_needed(registry):
    from tfapp.models.mlp import Net

    assert registry.get("mlp") is Net


def test_an_unknown_name_gets_the_nearest_and_all_known(registry):
    with pytest.raises(UsageError) as caught:
        registry.get("mpl")
    assert str(caught.value) == (
        "--model=mpl: unknown; did you mean 'mlp'? "
        "(known: cnn, mlp, or your own as package.module:Name)"
    )


def test_nothing_near_suggests_nothing():
    assert suggest("transformer", ["mlp"]) == ""


def test_registering(registry):
    registry.register("mine", dict)
    registry.register("mine", dict)
    assert registry.get("mine") is dict
    assert registry.names() == ["cnn", "mine", "mlp"]
    with pytest.raises(UsageError, match="'mine' is registered already"):
        registry.register("mine", list)


def test_a_module_in_the_working_directory(tmp_path):
    (tmp_path / "my_own_module_1.py").write_text("Thing = 7\n")
    assert load_object("my_own_module_1:Thing", "model") == 7


@pytest.mark.parametrize(
    "source, path, message",
    [
        (None, "no_such_module:Net", "importing 'no_such_module' failed: ModuleNotFoundError"),
        ("import does_not_exist\n", "broken_module_1:Net", "No module named 'does_not_exist'"),
        ("def f(:\n", "broken_module_2:Net", "importing 'broken_module_2' failed: SyntaxError"),
        ("raise OSError('no\\nluck')\n", "broken_module_3:Net", "OSError: no luck"),
        ("Network = 1\n", "broken_module_4:Netwrok", "no 'Netwrok'; did you mean 'Network'?"),
    ],
)
def test_an_object_that_cannot_be_loaded(tmp_path, source, path, message):
    if source:
        (tmp_path / f"{path.split(':')[0]}.py").write_text(source)
    with pytest.raises(UsageError) as caught:
        load_object(path, "model")
    assert f"--model={path}: " in str(caught.value)
    assert message in str(caught.value)
