"""Objects as data set and model of a Config: what they are called, and what is refused."""

import copy
import dataclasses
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests import models_for_tests
from tfapp import flags, given, run_folder
from tfapp.config import Config
from tfapp.errors import UsageError
from tfapp.given import check_kept

FRAME = pd.DataFrame({"a": range(1200), "b": range(1200)})
X, Y = np.zeros((30, 8, 8)), np.zeros(30)


@pytest.mark.parametrize(
    "value, name, kind",
    [
        (FRAME, "<DataFrame 1,200 x 2>", "<DataFrame>"),
        (pl.from_pandas(FRAME), "<DataFrame 1,200 x 2>", "<DataFrame>"),
        (pa.table({"a": [1, 2]}), "<Table 2 x 1>", "<Table>"),
        ({"a": [1, 2, 3], "label": [1, 2, 3]}, "<dict 3 x 2>", "<dict>"),
        ((X, Y), "<arrays 30 x 8 x 8>", "<arrays>"),
        ({"train": FRAME, "test": FRAME[:9]}, "<DataFrame train 1,200 x 2, test 9 x 2>",
         "<DataFrame>"),
        ({"train": (X, Y)}, "<arrays train 30 x 8 x 8>", "<arrays>"),
        (lambda: FRAME, "<lambda>", "<lambda>"),
    ],
)  # fmt: skip
def test_a_data_set_is_called_by_its_kind_and_sizes(value, name, kind):
    config = Config(dataset=value)
    assert config.dataset == name
    assert config.identity()["dataset"] == kind
    assert flags.folder_arguments(config)["dataset"] == kind
    assert config.dataset.value is value


def test_what_load_data_returns_is_train_and_test():
    config = Config(dataset=((X, Y), (X[:9], Y[:9])))
    assert config.dataset == "<arrays train 30 x 8 x 8, test 9 x 8 x 8>"
    for other in ((X, Y), ((X, Y[:9]), (X, Y))):  # the second has not as many labels as examples
        assert given.by_split(other) is other


class Local:
    """Stands for a model's class; nothing is called here."""

    def __call__(self):
        """As models have."""


def test_a_model_is_called_by_its_class_or_by_the_path_that_imports_it():
    class Hidden:
        """No other process can import it."""

    assert Config(model=Local()).model == "<Local>"
    assert Config(model=Hidden).model == "<Hidden>"
    path = f"{models_for_tests.__name__}:Dropping"
    assert Config(model=models_for_tests.Dropping).model == path


@pytest.mark.parametrize(
    "values, message",
    [
        ({"dataset": X}, "--dataset=array("),
        ({"dataset": [1, 2]}, "--dataset=[1, 2]: must be of type str, or a DataFrame, a dict of"),
        ({"dataset": None}, "--dataset=None: must be of type str, or a DataFrame"),
        ({"dataset": {}}, "--dataset={}: must be of type str"),
        ({"dataset": (X,)}, "must be of type str"),
        ({"dataset": pl.LazyFrame({"a": [1]})}, "must be of type str, or a DataFrame"),
        ({"model": 3}, "--model=3: must be of type str, or a keras.Model, or a class or function"),
        ({"label": FRAME}, "must be of type str"),
        ({"epochs": "ten"}, "--epochs='ten': must be of type int"),
        ({"features": ("a", 3)}, "--features=3: must be of type str, as each of its items"),
        ({"epoch": 3}, "Config(epoch=...): unknown argument; did you mean 'epochs'?"),
        ({"data": FRAME}, "Config(data=...): unknown argument"),
    ],
)
def test_what_is_nothing_of_the_kind_is_refused_in_one_short_line(values, message):
    with pytest.raises(UsageError) as caught:
        Config(**values)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_config_with_an_object_can_be_changed_copied_and_written_down():
    config = Config(dataset=FRAME, model=Local())
    assert dataclasses.replace(config, steps=3).dataset.value is FRAME
    assert copy.deepcopy(config).dataset.value is FRAME
    assert dataclasses.asdict(config)["dataset"].value is FRAME
    assert config == Config(dataset=FRAME.copy(), model=Local())
    assert pickle.loads(pickle.dumps(Config(dataset=FRAME))).dataset.value.equals(FRAME)


def test_flags_txt_of_an_object_says_that_it_has_to_be_given_again(tmp_path):
    lines = flags.to_lines(Config(dataset=FRAME))
    (tmp_path / run_folder.FLAGS).write_text("\n".join(lines))
    config = flags.of_run(str(tmp_path), {"mode": "eval"})
    with pytest.raises(UsageError, match=r"^--dataset=<DataFrame 1,200 x 2>: is an object that"):
        check_kept(config.dataset, "dataset")
    check_kept(flags.of_run(str(tmp_path), {"dataset": FRAME}).dataset, "dataset")
