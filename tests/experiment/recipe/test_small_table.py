"""A small table is answered by a linear model as well, unless the user chose a model."""

import types

import pytest

from tfapp.config import Config
from tfapp.experiment.recipe import small_table
from tfapp.spec import DataSpec, FeatureSpec, InputSpec, LabelSpec

APART = {"model_arg": ("apart=0.5",)}


def decide(rows, *, columns=5, kept=None, shape=(), label="class", **given):
    label = LabelSpec("y", label, 2)
    features = [FeatureSpec(f"a{i}", "numeric", shape, "float32") for i in range(columns)]
    inputs = [InputSpec(feature.name, "numeric", shape, "float32") for feature in features]
    source = types.SimpleNamespace(splits={"train": types.SimpleNamespace(num_examples=rows)})
    spec = DataSpec("data", tuple(features), label)
    data = types.SimpleNamespace(source=source, inputs=inputs, spec=spec)
    return small_table.decide(Config(dataset="csv:a.csv", **given), data, kept)


@pytest.mark.parametrize(
    "rows, columns, expected",
    [(999, 5, APART), (1000, 5, {}), (4000, 50, APART), (5000, 50, {}), (60, 1, APART)],
)
def test_rows_of_many_columns_count_for_less(rows, columns, expected):
    assert decide(rows, columns=columns) == expected


def test_a_quantity_is_left_to_the_network():
    assert decide(300, label="real") == {}


@pytest.mark.parametrize(
    "others", [{"model": "tabm"}, {"model_arg": ("width=8",)}, {"shape": (8,)}, {"kept": {}}]
)
def test_what_the_user_chose_or_a_run_began_with_stays(others):
    assert decide(300, **others) == {}
