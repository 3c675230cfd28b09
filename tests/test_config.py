"""What a Config refuses without looking at any data."""

import dataclasses

import numpy as np
import pytest

from tfapp.config import FLAGS, Config
from tfapp.errors import UsageError


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"mode": "trian"}, "--mode=trian: unknown; did you mean 'train'?"),
        ({"resume": "yes"}, "--resume=yes: unknown"),
        ({"batch_size": 0}, "--batch_size=0: must be above 0"),
        ({"epochs": -1}, "--epochs=-1: must be above 0"),
        ({"keep": 0}, "--keep=0: must be above 0"),
        ({"steps": -1}, "--steps=-1: must be 0 or more"),
        ({"learning_rate": float("nan")}, "--learning_rate=nan: must be above 0"),
        ({"learning_rate": float("inf")}, "--learning_rate=inf: must be finite"),
        ({"validation_split": 1.0}, "--validation_split=1.0: must lie between 0 and 1"),
        ({"validation_split": float("nan")}, "--validation_split=nan"),
        ({"seed": -1}, "--seed=-1: must lie between"),
        ({"seed": 2**31}, "--seed=2147483648: must lie between"),
        ({"log_every": "0"}, "--log_every=0: must be above 0"),
        ({"checkpoint_every": "often"}, "--checkpoint_every=often: write it as"),
        ({"evaluate_every": "60s"}, "--evaluate_every=60s: write it as"),
        ({"steps_per_loop": "0"}, "--steps_per_loop=0: a number above 0, or auto"),
        ({"steps_per_loop": "²"}, "--steps_per_loop=²: a number above 0, or auto"),
        ({"steps_per_loop": "٣"}, "--steps_per_loop=٣: a number above 0, or auto"),
        ({"steps_per_loop": ""}, "--steps_per_loop=: a number above 0, or auto"),
        ({"steps_per_loop": "9" * 5000}, "9: a number above 0, or auto"),
        ({"max_bad_examples": "²"}, "--max_bad_examples=²: write it as 10, or as 1%"),
        ({"max_bad_examples": "²%"}, "--max_bad_examples=²%: write it as 10, or as 1%"),
        ({"max_bad_examples": "9" * 5000}, "9: write it as 10, or as 1%"),
        ({"max_bad_examples": "nan%"}, "--max_bad_examples=nan%: write it as 10, or as 1%"),
        ({"log_every": "²"}, "--log_every=²: write it as"),
        ({"log_every": "9" * 5000}, "9: write it as"),
        ({"learning_rate": 10**400}, "must be of type float"),
        ({"model_arg": ("hidden",)}, "--model_arg=hidden: write it as name=value"),
        ({"learning_rate": float("-inf")}, "--learning_rate=-inf: must be above 0"),
        ({"weight_decay": float("nan")}, "--weight_decay=nan: must be 0 or more"),
        ({"weight_decay": float("inf")}, "--weight_decay=inf: must be finite"),
        ({"clip_norm": float("inf")}, "--clip_norm=inf: must be finite"),
        ({"ema": 1.0}, "--ema=1.0: must be at least 0 and below 1"),
        ({"eval_batch_size": -1}, "--eval_batch_size=-1: must be 0 or more"),
        ({"writers": ("csv", "csv")}, "--writers=csv,csv: csv is given twice"),
        ({"export": ("none", "savedmodel")}, "--export=none,savedmodel: none excludes"),
        ({"mode": "eval"}, "--mode=eval needs --model_dir"),
        ({"mode": "predict", "model_dir": "run"}, "--input is needed with --mode=predict"),
        ({"input": "a.npz"}, "--input belongs to --mode=predict"),
        ({"strategy": "one", "logical_devices": 2}, "--strategy=one contradicts"),
        ({"engine": "stream", "xla": "loop"}, "--engine=stream contradicts --xla=loop"),
        ({"resume": "must"}, "--resume=must needs --model_dir"),
        ({"batch_size": "32"}, "--batch_size='32': must be of type int or 'auto'"),
        ({"batch_size": 1.5}, "--batch_size=1.5: must be of type int"),
        ({"batch_size": True}, "--batch_size=True: must be of type int"),
        ({"offline": "no"}, "--offline='no': must be of type bool"),
        ({"export": "savedmodel"}, "--export='savedmodel': must be of type tuple"),
        ({"model": None}, "--model=None: must be of type str"),
    ],
)
def test_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        Config(**changes)
    assert message in str(caught.value)


def test_values_of_a_similar_type_are_converted():
    config = Config(model_arg=["hidden=3"], learning_rate=1, batch_size=np.int64(8), log_every=50)
    assert config == Config(
        model_arg=("hidden=3",), learning_rate=1.0, batch_size=8, log_every="50"
    )
    assert type(config.learning_rate) is float
    assert type(config.batch_size) is int


def test_registered_names_are_not_checked_here():
    config = Config(export=("anything",), writers=("anything",), optimizer="anything")
    assert config.export == ("anything",)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_everywhere(value):
    for name, flag in FLAGS.items():
        if isinstance(flag.default, float):
            with pytest.raises(UsageError, match=f"--{name}={value}: "):
                Config(**{name: value})


@pytest.mark.parametrize("name", [name for name, flag in FLAGS.items() if flag.units])
def test_a_duration_that_is_not_finite_is_refused(name):
    with pytest.raises(UsageError, match=f"--{name}=9+: write it as"):
        Config(**{name: "9" * 400})


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1


def test_identity_is_what_is_computed():
    assert Config(seed=7).identity()["seed"] == 7
    assert not {"mode", "model_dir", "keep", "eval_batch_size"} & set(Config().identity())


def test_with_a_schedule_the_length_is_part_of_the_identity():
    assert not {"epochs", "steps"} & set(Config().identity())
    identity = Config(schedule="cosine", steps=9).identity()
    assert (identity["epochs"], identity["steps"]) == (50, 9)
