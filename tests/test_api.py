"""What a Python program calls: errors are TfappErrors; a DataFrame is trained, kept and used."""

import json
import pathlib
import sys

import numpy as np
import pandas as pd
import pytest

import tfapp
from tfapp import run_folder
from tfapp.errors import DataError, StorageError, UsageError

RANDOM = np.random.default_rng(0)
QUICK = {"steps": 2, "batch_size": 16, "xla": "off", "precision": "float32", "export": ("none",)}


def people(rows=120):
    """A DataFrame whose label depends on a number."""
    ages = RANDOM.normal(size=rows).round(3)
    towns = RANDOM.choice(["Bern", "Zug"], rows)
    return pd.DataFrame({"age": ages, "town": towns, "label": np.where(ages > 0, "yes", "no")})


def numbers(rows=120):
    """(x, y) arrays."""
    x = RANDOM.normal(size=(rows, 4))
    return x, (x.sum(axis=1) > 0).astype("int64")


def config(**changes):
    return tfapp.Config(**{"dataset": numbers(), "model_dir": "run", **QUICK, **changes})


def exits(**arguments):
    sys.exit(f"not with {arguments}")


@pytest.mark.parametrize(
    "make, kind, message",
    [
        (lambda: "digits", UsageError, "tfapp.run(config): is a str; give a tfapp.Config"),
        (lambda: config(mode="eval"), UsageError, "--mode=eval: tfapp.run trains; tfapp.evaluate"),
        (lambda: config(dataset="digist"), UsageError, "did you mean 'digits'?"),
        (
            lambda: config(dataset=people(3)),
            DataError,
            "are too few to hold out",
        ),
        (lambda: config(model=lambda: exits()), UsageError, "sys.exit('not with {}')"),
        (
            lambda: config(model=lambda: 1 / 0),
            UsageError,
            "--model=<lambda>: ZeroDivisionError: division by zero",
        ),
        (lambda: config(dataset=lambda: exits()), DataError, "sys.exit('not with {}')"),
        (lambda: config(model_dir="a_file/run"), StorageError, "=a_file/run: Not a directory"),
    ],
)
def test_every_mistake_is_a_tfapp_error_of_one_line(make, kind, message):
    pathlib.Path("a_file").write_text("")
    with pytest.raises(kind) as caught:
        tfapp.run(make())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bug_is_a_tfapp_error_with_its_cause(monkeypatch):
    monkeypatch.setattr("tfapp.modes.train.run", lambda *_: [].pop())
    with pytest.raises(tfapp.TfappError, match=r"^internal error: IndexError: pop from") as caught:
        tfapp.run(config())
    assert isinstance(caught.value.__cause__, IndexError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, tfapp.TfappError("mine")])
def test_what_is_meant_for_the_caller_passes(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("tfapp.modes.train.run", fail)
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        tfapp.run(config())


def test_checking_leaves_nothing_behind():
    assert tfapp.run(config(only_check_args=True)) is None
    assert not pathlib.Path("run").exists()


class Pruned(Exception):
    """What a tuner raises to end a trial."""


def test_what_an_action_raises_passes_as_it_is():
    def prune(moment):
        raise Pruned(moment.step)

    with pytest.raises(Pruned):
        tfapp.run(config(), actions=[tfapp.Action(tfapp.EverySteps(1), prune)])


def test_a_data_frame_is_trained_kept_and_evaluated(run_cli):
    table = people()
    result = tfapp.run(config(dataset=table))
    assert result.steps == 2
    assert result.best_step in (1, 2)
    assert str(result).splitlines()[-1] == "run         run"
    assert "\n" not in repr(result)
    flags = pathlib.Path("run", run_folder.FLAGS).read_text().splitlines()
    (line,) = [line for line in flags if line.startswith("--dataset=")]
    assert line.startswith("--dataset=<DataFrame 120 x 3, ")
    assert json.loads(pathlib.Path("run", run_folder.IDENTITY).read_text())["dataset"] == (
        "<DataFrame>"
    )
    again = tfapp.run(config(dataset=table.copy()))  # complete: its result is given
    assert again.metrics == result.metrics
    found = tfapp.evaluate("run", dataset=table, split="validation")
    assert found["loss"] == pytest.approx(result.metrics["validation"]["loss"], rel=1e-6)
    with pytest.raises(UsageError, match=r"^--dataset=<DataFrame 120 x 3, .*: is an object that"):
        tfapp.evaluate("run")
    done = run_cli("--mode=eval", "--model_dir=run")
    assert done.code == 2
    assert "give it again from Python, or name another --dataset" in done.err
    table.to_csv("people.csv", index=False)
    assert run_cli("--mode=eval", "--model_dir=run", "--dataset=csv:people.csv").code == 0
    with pytest.raises(DataError, match="the data has changed since the run began"):
        tfapp.run(config(dataset=table.assign(age=table["age"] + 1)))


@pytest.mark.slow
def test_another_table_of_the_same_sizes_begins_a_run_of_its_own():
    first, second = numbers(), numbers()
    with pytest.raises(Pruned):
        tfapp.run(config(dataset=first, model_dir=""), [tfapp.Action(tfapp.EverySteps(1), raises)])
    assert tfapp.run(config(dataset=second, model_dir="")).model_dir == "runs/arrays-2"
    assert tfapp.run(config(dataset=first, model_dir="")).model_dir == "runs/arrays-1"


def raises(moment):
    raise Pruned(moment.step)
