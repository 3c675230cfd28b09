"""Sources by name: which values each kind takes, and which flags it cannot follow."""

import inspect

import pytest

import tfapp
from tfapp import data
from tfapp.errors import UsageError
from tfapp.registry import load_object
from tfapp.spec import DIGITS

ARGUMENTS = inspect.signature(data.open_source).parameters


@pytest.mark.parametrize("name", data.KINDS)
def test_an_opener_is_given_what_it_declares(name):
    kind = data.KINDS[name]
    opener = inspect.signature(load_object(kind.opener, "dataset"))
    by_name = [p for p in opener.parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert {p.name for p in by_name if p.default is p.empty} == set(kind.takes)
    assert set(kind.takes) <= set(ARGUMENTS)


def test_every_argument_is_taken_by_some_kind():
    taken = set().union(*(kind.takes for kind in data.KINDS.values()))
    assert taken == set(ARGUMENTS)


def test_what_a_run_settled_is_nothing_for_a_new_one():
    assert ARGUMENTS["settled"].default is None


def test_defaults_are_those_of_a_run():
    config = tfapp.Config()
    for name, parameter in ARGUMENTS.items():
        if name != "settled" and parameter.default is not parameter.empty:
            assert parameter.default == getattr(config, name), name


@pytest.mark.parametrize(
    "flag, value, able",
    [
        ("features", ("x",), "csv, parquet, jsonl, tfrecord"),
        ("feature_kind", ("x:text",), "csv, parquet, jsonl"),
        ("weight_column", "x", "csv, parquet, jsonl"),
        ("group_column", "x", "csv, parquet, jsonl"),
        ("drop_missing_labels", True, "csv, parquet, jsonl"),
    ],
)
@pytest.mark.parametrize("dataset", ["digits", "npz:a.npz", "tests.data.pets:Pets"])
def test_flags_about_columns_of_data_without_columns(dataset, flag, value, able):
    with pytest.raises(UsageError) as caught:
        data.open_source(dataset, **{flag: value})
    assert str(caught.value) == f"--{flag}: --dataset={dataset} has no columns; {able} have"


def test_splits_that_are_missing_stay_missing():
    assert set(data.open_source(DIGITS).splits) == {"train", "test"}
