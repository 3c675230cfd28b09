"""The size of a model of a language follows the length of the run, and the user's own flags."""

import types

import pytest

from tfapp.config import Config
from tfapp.experiment.recipe import model_size
from tfapp.spec import DataSpec, FeatureSpec, InputSpec, LabelSpec

WINDOWS = 7000  # of 128 characters: a text of 0.9 MB
LARGER = ("width=192", "depth=6", "heads=6")


def make_data(label="tokens"):
    spec = DataSpec("data", (FeatureSpec("a", "text", (), "string"),), LabelSpec("y", label, 90))
    source = types.SimpleNamespace(splits={"train": types.SimpleNamespace(num_examples=WINDOWS)})
    inputs = [InputSpec("a", "tokens", (128,), "int32", 90)]
    return types.SimpleNamespace(source=source, inputs=inputs, spec=spec)


def decide(kept=None, label="tokens", **given):
    config = Config(**{"dataset": "text:a.txt", "batch_size": 16, "epochs": 4, **given})
    return model_size.decide(config, make_data(label), kept)


@pytest.mark.parametrize(
    "given, arguments",
    [
        ({}, None),
        ({"time_budget": "3m"}, None),
        ({"time_budget": "25m"}, LARGER),
        ({"time_budget": "25m", "steps": 6000}, (*LARGER, "dropout=0.1")),
        ({"epochs": 11}, ("dropout=0.1",)),
        ({"epochs": 40}, (*LARGER, "dropout=0.2")),
        ({"steps": 6000}, (*LARGER, "dropout=0.1")),
        ({"time_budget": "25m", "model_arg": ("width=64",)}, None),
        ({"time_budget": "25m", "model": "gpt"}, None),
        ({"time_budget": "25m", "label": "class"}, None),  # classified texts
    ],
)
def test_a_longer_run_gets_a_larger_model_and_many_passes_dropout(given, arguments):
    assert decide(**given) == ({} if arguments is None else {"model_arg": arguments})


def test_a_run_keeps_the_size_that_it_began_with():
    assert decide({"model_arg": ["width=192"]}, epochs=1) == {"model_arg": ("width=192",)}
    assert decide({"epochs": 4}, time_budget="25m") == {}
